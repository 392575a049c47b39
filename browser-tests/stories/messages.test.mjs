// What becomes of a message: sent on, pinned, delivered and read, called for, refused; and what of it one sees come.

import assert from "node:assert/strict";

import { PATIENCE_MS, PHONE } from "../support/browser.mjs";
import {
  acquainted, act, confirm, enterRoom, hear, listed, loseNetwork, message, open, openDetails, openSettings, say, sent, waitForSight,
} from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
/** Taller than a few of them fit into a window. */
const tall = (name) => Array.from({ length: 12 }, (_, line) => `${name}, line ${line + 1}`).join("\n");

/** Opens a dialog by a key on the newest message that has this text. */
async function press(page, text, key) {
  await message(page, text).focus();
  await page.keyboard.press(key);
}

story("a message is sent on, and a pinned one is found again from far below", running, async (stage) => {
  const [one, other] = await acquainted(stage, { viewport: PHONE });
  await say(one.page, "The hall is ours from six");
  await sent(one.page, "The hall is ours from six");
  await hear(other.page, "The hall is ours from six");
  await enterRoom(other.page, "lobby");
  await open(other.page, one.name);

  await act(other.page, "The hall is ours from six", "Forward");
  const places = other.page.locator("dialog.for-forward");
  await places.getByText(one.name).first().waitFor();
  await places.getByRole("searchbox").fill("lob");
  await places.getByText(one.name).first().waitFor({ state: "detached" });
  await places.getByText("#lobby").click();
  await other.page.locator('[data-view="toast"]').getByText("Forwarded to #lobby.").waitFor();
  await open(other.page, "#lobby");
  await message(other.page, "The hall is ours from six").locator(".message-label", { hasText: "forwarded" }).waitFor();
  await sent(other.page, "The hall is ours from six");

  await open(other.page, one.name);
  await act(other.page, "The hall is ours from six", "Pin for everybody");
  for (const { page } of [one, other]) {
    await page.locator(".strip.pins").getByText("1 pinned message").waitFor();
    await message(page, "The hall is ours from six").locator(".stamp-mark", { hasText: "pinned" }).waitFor();
  }
  for (const name of ["first", "second", "third", "fourth"]) await say(other.page, tall(name));
  await one.page.getByText("fourth, line 12").last().waitFor();
  // A phone shows less at once than what lies between.
  const pinned = message(one.page, "The hall is ours from six");
  await one.page.locator("#timeline").press("End");
  await waitForSight(pinned, false);
  await one.page.locator(".strip.pins").click();
  await one.page.locator(".pinned-row").getByText("The hall is ours from six").click();
  await waitForSight(message(one.page, "The hall is ours from six"));
  await one.page.locator(".message.is-goal").getByText("The hall is ours from six").waitFor();

  await act(one.page, "The hall is ours from six", "No longer pin");
  for (const { page } of [one, other]) await page.locator(".strip.pins").waitFor({ state: "detached" });
});

story("one sees that somebody writes, and how far one's own message came", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  // Somebody who looks elsewhere has it and has not read it.
  await enterRoom(other.page, "lobby");
  await say(one.page, "Shall we?");
  const row = message(one.page, "Shall we?");
  await row.and(one.page.locator('[data-state="delivered"]')).waitFor();
  await press(one.page, "Shall we?", "i");
  const receipts = one.page.locator("dialog.for-receipts");
  await receipts.locator(".person-row").filter({ hasText: other.name }).getByText(/^got it /).waitFor();
  await one.page.keyboard.press("Escape");
  await receipts.waitFor({ state: "detached" });

  await open(other.page, one.name);
  await hear(other.page, "Shall we?");
  await row.and(one.page.locator('[data-state="read"]')).waitFor();
  await press(one.page, "Shall we?", "i");
  await receipts.locator(".person-row").filter({ hasText: other.name }).getByText(/^read /).waitFor();
  await one.page.keyboard.press("Escape");

  const typing = one.page.locator('[data-view="typing"]');
  const field = other.page.locator("#composer-text");
  // It is not told with each key, and what is told while the group's keys change is lost.
  const writes = async () => {
    const until = Date.now() + PATIENCE_MS;
    while (!(await typing.getByText(`${other.name} is writing…`).isVisible())) {
      assert.ok(Date.now() < until, "nobody is seen to write");
      await field.press("n");
    }
  };
  await writes();
  await say(other.page, "Yes");
  await hear(one.page, "Yes");
  await typing.getByText(/is writing/).waitFor({ state: "detached" });
  // Whoever stops without a word is not taken for writing for long.
  await writes();
  await typing.getByText(/is writing/).waitFor({ state: "detached" });
});

story("who is mentioned is offered while one writes, and called", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await enterRoom(one.page, "mentions");
  await enterRoom(other.page, "mentions");
  await say(other.page, "I am here");
  await hear(one.page, "I am here");
  await open(other.page, one.name);

  const field = one.page.locator("#composer-text");
  await field.pressSequentially("Can you come, @mem");
  const offered = one.page.getByRole("listbox", { name: "Suggestions" }).getByRole("option");
  await offered.filter({ hasText: other.name }).first().waitFor();
  assert.equal(await offered.filter({ hasText: one.name }).count(), 0, "nobody calls oneself");
  assert.equal(await offered.first().getAttribute("aria-selected"), "true");
  await one.page.keyboard.press("Enter");
  assert.equal(await field.inputValue(), `Can you come, @${other.name} `);
  await offered.first().waitFor({ state: "detached" });
  await field.pressSequentially("please?");
  await one.page.keyboard.press("Enter");
  await message(one.page, `Can you come, @${other.name} please?`).or(one.page.locator(".message", { hasText: "please?" })).first().waitFor();

  const row = listed(other.page, "#mentions");
  await row.locator(".badge.is-mention").waitFor();
  await row.locator(".list-row").click();
  await other.page.locator(".message.calls-me", { hasText: "please?" }).waitFor();
  assert.equal(await one.page.locator(".message.calls-me").count(), 0);
});

story("emoji are found and put in by keyboard alone", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const { page } = one;
  const field = page.locator("#composer-text");
  await field.fill("Well done ");
  await page.getByRole("button", { name: "Emoji", exact: true }).focus();
  await page.keyboard.press("Enter");
  const picker = page.locator("dialog.for-emoji");
  await picker.getByRole("searchbox").and(page.locator(":focus")).waitFor();
  await page.keyboard.type("tada");
  await picker.getByRole("button", { name: "🎉 party popper" }).waitFor();
  await page.keyboard.press("Tab");
  await picker.getByRole("button", { name: "🎉 party popper" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await picker.waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "Well done 🎉");

  // By its name, without the picker.
  await page.locator("#composer-text:focus").waitFor();
  await page.keyboard.type(" :sparkles");
  await page.getByRole("option", { name: /^✨ ?sparkles$/, selected: true }).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await field.inputValue(), "Well done 🎉 ✨ ");
  await page.keyboard.press("Enter");
  await hear(other.page, "Well done 🎉 ✨");

  // From the field up to the message, and an answer to it that is no word.
  await other.page.locator("#composer-text").focus();
  await other.page.keyboard.press("Escape");
  await other.page.locator("#timeline:focus").waitFor();
  await other.page.keyboard.press("ArrowUp");
  await other.page.locator(".message:focus", { hasText: "Well done" }).waitFor();
  await other.page.keyboard.press("+");
  const reactions = other.page.locator("dialog.for-emoji");
  await reactions.getByRole("searchbox").and(other.page.locator(":focus")).waitFor();
  await other.page.keyboard.type("rocket");
  await reactions.getByRole("button", { name: "🚀 rocket" }).waitFor();
  await other.page.keyboard.press("Tab");
  await other.page.keyboard.press("Enter");
  await message(page, "Well done 🎉 ✨").locator(".reaction", { hasText: "🚀" }).waitFor();
});

story("emoji have names in the chosen language, and are found by them", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterRoom(page, "lobby");
  await openSettings(page, "App");
  await page.getByRole("radio", { name: "Français" }).check({ force: true });
  await page.locator('html[lang="fr"]').waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Émoji", exact: true }).click();
  const picker = page.locator("dialog.for-emoji");
  const first = picker.locator(".emoji-grid .emoji").first();
  assert.equal(await first.getAttribute("title"), "visage souriant");
  assert.equal(await first.getAttribute("aria-label"), "😀 visage souriant");
  const names = await picker.locator(".emoji-grid .emoji").evaluateAll((all) => all.map((emoji) => emoji.title));
  assert.ok(names.length > 250);
  for (const english of ["party popper", "thumbs up", "red heart", "dog", "rocket"]) assert.ok(!names.includes(english), english);
  // Without its mark it is found as well; a word of another language is none.
  for (const [typed, sign] of [["fusée", "🚀"], ["etoile", "⭐"], ["coeur rouge", "❤️"]]) {
    await picker.getByRole("searchbox").fill(typed);
    await picker.locator(".emoji-grid .emoji").first().and(page.getByText(sign, { exact: true })).waitFor();
  }
  await picker.getByRole("searchbox").fill("rocket");
  await picker.locator(".emoji-grid .emoji").first().waitFor({ state: "detached" });
  // Escape empties a field for a search before it closes what is around it.
  await picker.locator(".dialog-head button").click();
  await picker.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Émoji", exact: true }).and(page.locator(":focus")).waitFor();
  await page.locator("#composer-text").pressSequentially(":fus");
  await page.getByRole("option", { name: /^🚀 ?fusée$/ }).waitFor();
});

story("a message that cannot go says why, and is tried again or given up", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await one.page.getByRole("button", { name: "New conversation" }).first().click();
  await one.page.getByRole("tab", { name: "Group" }).click();
  await one.page.locator("#begin-title").fill("summer club");
  await one.page.locator("#begin-people").fill(other.name);
  await one.page.getByRole("button", { name: "Make the group" }).click();
  await one.page.locator("#composer-text").waitFor();
  await say(one.page, "Who comes?");
  await open(other.page, "#summer club");
  await hear(other.page, "Who comes?");

  // Two are written without a network; one of them is given up before it goes.
  await loseNetwork(other.page);
  await open(other.page, "#summer club");
  await say(other.page, "I come");
  await say(other.page, "I do not come");
  await message(other.page, "I do not come").and(other.page.locator('[data-state="waiting"]')).waitFor();
  await other.page.getByText("Offline. 2 messages will go out when you are back.").filter({ visible: true }).waitFor();
  await act(other.page, "I do not come", "Discard");
  await confirm(other.page);
  await message(other.page, "I do not come").waitFor({ state: "detached" });
  await other.page.getByText("Offline. 1 message will go out when you are back.").filter({ visible: true }).waitFor();

  // Meanwhile they are taken out: what waits is refused, and says so.
  await openDetails(one.page);
  await one.page.getByRole("button", { name: `More about ${other.name}` }).click();
  await one.page.locator('[data-view="menu"]').getByText("Take out").click();
  await confirm(one.page);
  await one.page.getByRole("button", { name: `More about ${other.name}` }).waitFor({ state: "detached" });
  await other.page.context().setOffline(false);
  const failed = message(other.page, "I come").and(other.page.locator('[data-state="failed"]'));
  await failed.getByText("Not sent.").waitFor();
  await failed.locator(".trouble").getByText(/You are not in this conversation/).waitFor();

  // In again, the same message goes.
  await one.page.getByRole("button", { name: "Invite", exact: true }).click();
  await one.page.locator("#invite-names").fill(other.name);
  await one.page.locator("dialog.for-invite").getByRole("button", { name: "Invite" }).click();
  await other.page.locator("#composer-text").waitFor();
  await failed.getByRole("button", { name: "Try again" }).click();
  await sent(other.page, "I come");
  await hear(one.page, "I come");
  assert.equal(await one.page.getByText("I do not come").count(), 0);
});

story("what came meanwhile begins at a line, and a button leads to the newest", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await enterRoom(other.page, "lobby");
  for (const name of ["first", "second", "third", "fourth"]) await say(one.page, tall(name));
  await listed(other.page, one.name).getByText("4 unread messages").waitFor({ state: "attached" });

  await open(other.page, one.name);
  const line = other.page.locator("#timeline-rows .row.new");
  await line.getByText("New messages").waitFor();
  await waitForSight(line);
  const next = await line.evaluate((line) => line.nextElementSibling.textContent);
  assert.match(next, /first, line 1/);
  const toNewest = other.page.locator(".to-newest");
  await toNewest.click();
  await waitForSight(other.page.getByText("fourth, line 12").last());
  await toNewest.waitFor({ state: "detached" });

  // Whoever looks at what is above is not moved by what comes, and hears of it.
  const begin = message(other.page, "Good morning to you");
  await begin.scrollIntoViewIfNeeded();
  await toNewest.waitFor();
  await say(one.page, "And one more");
  await other.page.getByRole("button", { name: "To 1 new message" }).waitFor();
  await waitForSight(begin);
  assert.equal(await toNewest.locator(".badge").innerText(), "1");
  await toNewest.click();
  await waitForSight(message(other.page, "And one more"));
  await toNewest.waitFor({ state: "detached" });
});
