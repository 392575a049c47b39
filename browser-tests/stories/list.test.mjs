// The list: what stands at the top, what is quiet, what is put aside, who asks, who is here, and rooms beside the lobby.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { acquainted, actOn, backToList, enterRoom, hear, listed, open, openSettings, say, sent } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

/** Waits until the names in the list are these, from above. */
async function waitForOrder(page, ...names) {
  await page.waitForFunction((names) => {
    const shown = [...document.querySelectorAll(".list-rows > .conversations .list-name")].map((name) => name.textContent);
    return JSON.stringify(shown) === JSON.stringify(names);
  }, names);
}

story("a conversation is kept at the top, muted, put aside and taken back", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const { page } = one;
  // What was said before is read, and does not count below.
  await listed(page, other.name).getByText("Good morning to you").waitFor();
  await listed(page, other.name).locator(".badge").waitFor({ state: "detached" });
  await enterRoom(page, "lobby");
  await say(page, "Hello, lobby");
  await sent(page, "Hello, lobby");
  await waitForOrder(page, "#lobby", other.name);

  await actOn(page, other.name, "Keep at the top");
  await waitForOrder(page, other.name, "#lobby");
  await listed(page, other.name).getByText("favourite").waitFor({ state: "attached" });
  await page.reload();
  await waitForOrder(page, other.name, "#lobby");
  await actOn(page, other.name, "No longer keep at the top");
  await waitForOrder(page, "#lobby", other.name);

  await open(page, "#lobby");
  await actOn(page, other.name, "Mute");
  await listed(page, other.name).getByText("muted").waitFor({ state: "attached" });
  await say(other.page, "Quietly");
  await listed(page, other.name).locator(".badge.is-quiet").getByText("1 unread message").waitFor({ state: "attached" });
  await actOn(page, other.name, "Unmute");
  await listed(page, other.name).locator(".badge:not(.is-quiet)").getByText("1 unread message").waitFor({ state: "attached" });
  assert.equal(await listed(page, other.name).getByText("muted").count(), 0);

  const archive = page.locator('[data-view="archive"]');
  await actOn(page, other.name, "Archive");
  await waitForOrder(page, "#lobby");
  await archive.getByText("1 archived").click();
  await archive.getByText(other.name, { exact: true }).waitFor();
  await actOn(page, other.name, "Take out of the archive");
  await archive.waitFor({ state: "detached" });
  await listed(page, other.name).waitFor();
  // What was put aside comes back by itself when something is said there.
  await actOn(page, other.name, "Archive");
  await archive.waitFor();
  await say(other.page, "Are you there?");
  await archive.waitFor({ state: "detached" });
  await waitForOrder(page, other.name, "#lobby");
});

story("who is unknown stands apart until one answers, and who is declined is gone", running, async (stage) => {
  const one = await stage.newcomer("member", { viewport: PHONE });
  const names = ["stranger", "neighbour"];
  for (const name of names) await stage.server.newcomerInTerminal(name);
  await stage.server.terminal("stranger", "send", `@${one.name}`, "Buy my watches");
  await stage.server.terminal("neighbour", "send", `@${one.name}`, "I live next door");
  const requests = one.page.locator('[data-view="requests"]');
  for (const name of names) await requests.getByText(name, { exact: true }).waitFor();
  await requests.locator(".badge").getByText("2").waitFor();
  assert.equal(await one.page.locator(".list-rows > .conversations .list-item").count(), 0, "nobody comes in by asking");

  await requests.getByText("stranger", { exact: true }).click();
  await hear(one.page, "Buy my watches");
  assert.equal(await one.page.locator("#composer-text").count(), 0, "nothing is answered by accident");
  await one.page.getByText("They learn nothing until you accept.").waitFor();
  await one.page.getByRole("button", { name: "Decline" }).click();
  await one.page.getByRole("dialog").getByRole("button", { name: "Decline" }).click();
  await requests.getByText("stranger", { exact: true }).waitFor({ state: "detached" });
  await requests.getByText("neighbour", { exact: true }).click();
  await one.page.getByRole("button", { name: "Accept" }).click();
  await one.page.locator("#composer-text").waitFor();
  await backToList(one.page);
  // What was in sight as a request was read.
  await listed(one.page, "neighbour").and(one.page.locator('[data-state="read"]')).waitFor();
  await open(one.page, "neighbour");
  await say(one.page, "Welcome");
  await sent(one.page, "Welcome");
  await backToList(one.page);
  await requests.waitFor({ state: "detached" });
  await listed(one.page, "neighbour").waitFor();
  assert.equal(await listed(one.page, "stranger").count(), 0);
  assert.match(await stage.server.terminal("neighbour", "receive"), /Welcome/);
});

story("one sees who is here, and who does not tell is neither seen nor told", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  // Whoever comes tells of it, to those who are there already.
  for (const [comes, stays] of [[one, other], [other, one]]) {
    await comes.page.reload();
    await listed(stays.page, comes.name).locator(".here-dot").waitFor();
    await open(stays.page, comes.name);
    await stays.page.locator(".talk-head .about").getByText("here", { exact: true }).waitFor();
  }
  await openSettings(other.page, "Profile");
  await other.page.getByRole("switch", { name: /^Presence/ }).uncheck();
  await other.page.keyboard.press("Escape");
  await listed(one.page, other.name).locator(".here-dot").waitFor({ state: "detached" });
  await one.page.locator(".talk-head .about").getByText("end-to-end encrypted").waitFor();
  // Neither is it seen there that somebody comes.
  await one.page.reload();
  await open(one.page, other.name);
  await say(one.page, "I am here again");
  await open(other.page, one.name);
  await hear(other.page, "I am here again");
  assert.equal(await listed(other.page, one.name).locator(".here-dot").count(), 0);
});

story("a room is made by whoever names it first, and found by others", running, async (stage) => {
  const one = await stage.newcomer("member");
  await enterRoom(one.page, "garden");

  const other = await stage.newcomer("member", { viewport: PHONE });
  await other.page.getByRole("button", { name: "New conversation" }).first().click();
  await other.page.getByRole("tab", { name: "Open room" }).click();
  await other.page.locator("dialog.for-begin .person-row").filter({ hasText: "#garden" }).getByText("1 person").waitFor();
  await other.page.locator("dialog.for-begin .person-row").filter({ hasText: "#garden" }).click();
  await other.page.locator("button.talk-title").getByText("2 people").waitFor();
  await say(other.page, "The roses are out");
  await hear(one.page, "The roses are out");
  await say(one.page, "And the beans");
  await hear(other.page, "And the beans");
  assert.equal(await listed(one.page, "#lobby").count(), 0, "it is another room");
});
