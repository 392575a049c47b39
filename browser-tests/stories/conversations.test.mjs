// People in browsers, and one in a terminal, talk with each other.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { act, enterLobby, hear, message, open, say, sent, writeTo } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

story("people meet in the lobby, one of them in a terminal", running, async (stage) => {
  const first = await stage.newcomer("member");
  await enterLobby(first.page);
  await say(first.page, "Good morning");
  await sent(first.page, "Good morning");

  const second = await stage.newcomer("member", { viewport: PHONE });
  await enterLobby(second.page);
  await say(second.page, "Hello from a phone");
  await hear(first.page, "Hello from a phone");

  const { url, passphrase } = stage.server;
  await stage.server.terminal("third", "register", "terminal", "--server", url, "--access-passphrase", passphrase);
  await stage.server.terminal("third", "room", "join", "lobby");
  await stage.server.terminal("third", "send", "#lobby", "And from a terminal");
  await hear(first.page, "And from a terminal");
  await hear(second.page, "And from a terminal");
  await say(second.page, "You are welcome");
  await sent(second.page, "You are welcome");
  assert.match(await stage.server.terminal("third", "receive"), /You are welcome/);
});

story("a narrow phone has room for a text beside all that can be done with it", running, async (stage) => {
  const width = 360;
  const { page } = await stage.newcomer("member", { viewport: { width, height: 640 } });
  await enterLobby(page);
  assert.ok(await page.getByRole("button", { name: "Emoji", exact: true }).isVisible());
  const areas = await page.locator(".composer-line button:visible, .composer-line textarea:visible").evaluateAll((all) =>
    all.map((element) => {
      // In whole pixels: parts of one come and go with a pane that still slides.
      const [left, right] = [element.getBoundingClientRect().left, element.getBoundingClientRect().right].map(Math.round);
      return { left, right, least: element.matches("textarea") ? 90 : 40 };
    }),
  );
  for (const [at, { left, right, least }] of areas.entries()) {
    assert.ok(left >= (areas[at - 1]?.right ?? 0) && right - left >= least, JSON.stringify(areas));
  }
  assert.ok(areas.at(-1).right <= width, JSON.stringify(areas));
});

story("a message is answered, reacted to, changed and taken back", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await writeTo(one.page, other.name);
  await say(one.page, "Did you see the draft?");
  // A stranger's first word is a request, which the other one accepts.
  await other.page.locator('[data-view="requests"]').getByText(one.name).first().click();
  await hear(other.page, "Did you see the draft?");
  await other.page.getByRole("button", { name: "Accept" }).click();

  await act(other.page, "Did you see the draft?", "Reply");
  await say(other.page, "Yes. Two remarks.");
  await hear(one.page, "Yes. Two remarks.");
  const answer = message(one.page, "Yes. Two remarks.");
  await answer.locator(".quote", { hasText: "Did you see the draft?" }).waitFor();

  await answer.hover();
  await answer.getByRole("button", { name: "React" }).click();
  await one.page.getByRole("dialog").getByRole("button", { name: "👍" }).first().click();
  await message(other.page, "Yes. Two remarks.").locator(".reaction", { hasText: "👍" }).waitFor();

  await act(other.page, "Yes. Two remarks.", "Edit");
  await say(other.page, "Yes. Three remarks.");
  await hear(one.page, "Yes. Three remarks.");
  await message(one.page, "Yes. Three remarks.").getByText("edited").waitFor();

  await act(other.page, "Yes. Three remarks.", "Delete for everybody");
  await other.page.getByRole("button", { name: "Delete", exact: true }).click();
  await one.page.locator('[data-view="timeline"] .is-deleted').waitFor();
  assert.equal(await one.page.getByText("Yes. Three remarks.").count(), 0, "what was taken back is not shown");
});

story("a group is made, and what is said there is found again", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await one.page.getByRole("button", { name: "New conversation" }).first().click();
  await one.page.getByRole("tab", { name: "Group" }).click();
  await one.page.locator("#begin-title").fill("summer club");
  await one.page.locator("#begin-people").fill(other.name);
  await one.page.getByRole("button", { name: "Make the group" }).click();
  await one.page.locator("#composer-text").waitFor();
  await say(one.page, "The picnic is on Saturday");
  await other.page.locator('[data-view="list"]').getByText("#summer club").first().click();
  await hear(other.page, "The picnic is on Saturday");

  await other.page.locator("#search-field").fill("picnic");
  const found = other.page.locator('[data-view="found"]');
  await found.locator("mark", { hasText: "picnic" }).first().waitFor();
  await other.page.getByRole("button", { name: "Search in this conversation" }).click();
  assert.equal(await other.page.locator("#search-field").inputValue(), 'in:"#summer club" ');
  await other.page.locator("#search-field").pressSequentially("saturday");
  await found.locator("mark", { hasText: "Saturday" }).first().waitFor();
});
