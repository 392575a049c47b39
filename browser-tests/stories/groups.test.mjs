// What people may do in a group, who is in it, and whom one hears nothing of any more.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { acquainted, actOn, confirm, hear, listed, message, open, openDetails, say, sent } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

/** The row of somebody in the details of a group. */
const member = (page, name) => page.locator('[data-view="details"] .member-row').filter({ hasText: name });

/** The words in the menu of somebody in the details of a group. */
async function mayDo(page, name) {
  await page.getByRole("button", { name: `More about ${name}` }).click();
  const items = page.locator('[data-view="menu"] [role="menuitem"]');
  await items.first().waitFor();
  const words = await items.allInnerTexts();
  await page.keyboard.press("Escape");
  await items.first().waitFor({ state: "detached" });
  return words;
}

async function doWith(page, name, what) {
  await page.getByRole("button", { name: `More about ${name}` }).click();
  await page.locator('[data-view="menu"]').getByText(what, { exact: true }).click();
}

story("roles are given and taken, a member is taken out and told so, and one leaves", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await stage.server.newcomerInTerminal("third");
  await one.page.getByRole("button", { name: "New conversation" }).first().click();
  await one.page.getByRole("tab", { name: "Group" }).click();
  await one.page.locator("#begin-title").fill("choir");
  await one.page.locator("#begin-people").fill(`${other.name} third`);
  await one.page.getByRole("button", { name: "Make the group" }).click();
  await one.page.locator("#composer-text").waitFor();
  await say(one.page, "Welcome to the choir");
  // Who is brought in by somebody unknown is asked first.
  await other.page.locator('[data-view="requests"]').getByText("#choir").click();
  await hear(other.page, "Welcome to the choir");
  await other.page.getByRole("button", { name: "Accept" }).click();
  await other.page.locator("#composer-text").waitFor();
  assert.match(await stage.server.terminal("third", "receive"), /Welcome to the choir/);

  for (const { page } of [one, other]) await openDetails(page);
  await member(one.page, "third").waitFor();
  await member(other.page, one.name).getByText("owner").waitFor();
  assert.equal(await other.page.getByRole("button", { name: "More about third" }).count(), 0, "a member decides on nobody");

  await doWith(one.page, other.name, "Make an admin");
  for (const { page } of [one, other]) await member(page, other.name).getByText("admin").waitFor();
  assert.ok((await mayDo(other.page, "third")).includes("Take out"));
  await doWith(other.page, "third", "Take out");
  await other.page.getByText("Take third out of this conversation?").waitFor();
  await confirm(other.page);
  for (const { page } of [one, other]) await member(page, "third").waitFor({ state: "detached" });
  await say(other.page, "For two");
  await hear(one.page, "For two");
  assert.doesNotMatch(await stage.server.terminal("third", "receive"), /For two/);

  await doWith(one.page, other.name, "Make a member");
  await member(other.page, other.name).getByText("admin").waitFor({ state: "detached" });
  assert.equal(await other.page.getByRole("button", { name: `More about ${one.name}` }).count(), 0);

  // Whoever is taken out is told by whom, and can read on what was said before.
  await doWith(one.page, other.name, "Take out");
  await confirm(one.page);
  const closed = other.page.locator('[data-view="closed"]');
  await closed.getByText("You are no longer in this conversation. What was said can still be read.").waitFor();
  await other.page.locator(".row.notice").getByText(`${one.name} removed this device from the conversation.`).waitFor();
  await hear(other.page, "Welcome to the choir");
  assert.equal(await other.page.locator("#composer-text").count(), 0);
  await say(one.page, "Alone");
  await sent(one.page, "Alone");
  assert.equal(await other.page.getByText("Alone", { exact: true }).count(), 0);
  await closed.getByRole("button", { name: "Archive" }).click();
  await listed(other.page, "#choir").waitFor({ state: "detached" });

  await actOn(one.page, "#choir", "Leave");
  await one.page.getByText("Leave #choir? You will get nothing more that is said there.").waitFor();
  await confirm(one.page);
  await one.page.locator('[data-view="closed"]').getByText(/You are no longer in this conversation/).waitFor();
  await one.page.reload();
  await listed(one.page, "#choir").locator(".list-row").click();
  await one.page.locator('[data-view="closed"]').getByText(/You are no longer in this conversation/).waitFor();
  await hear(one.page, "Alone");
});

story("of somebody who is blocked nothing comes any more, until they are unblocked", running, async (stage) => {
  const [one, other] = await acquainted(stage, { viewport: PHONE });
  await openDetails(one.page);
  await one.page.getByRole("button", { name: "Block", exact: true }).click();
  await one.page.getByText(`Block ${other.name}? Nothing more of theirs will reach you.`).waitFor();
  await confirm(one.page);
  await one.page.getByText("Blocked. Nothing of theirs reaches you.").waitFor();
  await say(other.page, "You do not hear this");
  await sent(other.page, "You do not hear this");
  // What comes through another conversation says that the first one had its time.
  await stage.server.newcomerInTerminal("witness");
  await stage.server.terminal("witness", "send", `@${one.name}`, "Word from elsewhere");
  await one.page.locator("#details-close").click();
  await one.page.getByRole("button", { name: "Back" }).first().click();
  await one.page.locator('[data-view="requests"]').getByText("witness", { exact: true }).waitFor();
  await open(one.page, other.name);
  assert.equal(await one.page.getByText("You do not hear this").count(), 0);
  assert.equal(await message(other.page, "You do not hear this").getAttribute("data-state"), "sent", "nothing tells of it");

  await openDetails(one.page);
  await one.page.getByRole("button", { name: "Unblock", exact: true }).click();
  await one.page.getByRole("button", { name: "Block", exact: true }).waitFor();
  await one.page.locator("#details-close").click();
  await say(other.page, "You hear this again");
  await hear(one.page, "You hear this again");
  assert.equal(await one.page.getByText("You do not hear this").count(), 0);
  await say(one.page, "I do");
  await hear(other.page, "I do");
});
