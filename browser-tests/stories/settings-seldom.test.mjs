// What is set seldom: notifications, what the browser keeps, what others learn; and the small things of everyday.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { CALLS } from "../support/calls.mjs";
import { acquainted, actOn, confirm, enterLobby, enterRoom, hear, listed, message, open, openDetails, openSettings, say, sent } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

/** Has the browser keep what is here for good once it is asked. */
const KEEPS = () => {
  let isKept = false;
  StorageManager.prototype.persisted = async () => isKept;
  StorageManager.prototype.persist = async () => (isKept = globalThis.mayKeep === true);
};

story("how much is kept here is said, and the browser is asked to keep it", running, async (stage) => {
  const page = await stage.page();
  await page.addInitScript(KEEPS);
  await page.goto(stage.server.link);
  await page.locator("#username").fill("keeper");
  await page.locator("#password").fill("correct-horse-battery-staple-42");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.locator('[data-view="list"]').waitFor();
  await openSettings(page, "App");
  await page.getByText(/^[\d.,]+ (bytes|kB|MB|GB) of [\d.,]+ (kB|MB|GB|TB)$/).waitFor();
  const meter = page.getByRole("meter", { name: "Kept in this browser" });
  assert.ok((await meter.evaluate((meter) => meter.value)) > 0);
  await page.getByText("The browser may throw it away when space is short.").waitFor();
  await page.evaluate(() => (globalThis.mayKeep = true));
  await page.getByRole("button", { name: "Ask to keep it" }).click();
  await page.getByText("The browser keeps it until you sign out.").waitFor();
  await page.getByRole("button", { name: "Ask to keep it" }).waitFor({ state: "detached" });
});

story("one is called for everything, for mentions, or for nothing, and a refusal of the browser is said", running, async (stage) => {
  const [one, other] = await acquainted(stage, { permissions: ["notifications"] });
  await one.page.addInitScript(CALLS);
  await enterRoom(one.page, "level");
  await enterRoom(other.page, "level");
  await say(other.page, "I am here");
  await hear(one.page, "I am here");
  await one.page.reload();
  await open(one.page, "#level");
  await openDetails(one.page);
  const level = (name) => one.page.locator("fieldset.choices").filter({ hasText: "Call me for" }).getByRole("radio", { name });
  const looksAway = (away) => one.page.evaluate((away) => (globalThis.looksAway = away), away);
  const called = (text) => one.page.waitForFunction((text) => globalThis.calls.some((call) => call.includes(text)), text);
  const says = async (text) => {
    await say(other.page, text);
    // Whoever is named stands there as a part of their own.
    await one.page.locator('[data-view="timeline"] .message', { hasText: text }).last().waitFor();
  };
  assert.ok(await level("everything").isChecked());
  await looksAway(true);
  await says("For everybody");
  await called("For everybody");
  await level("mentions").check({ force: true });
  await looksAway(true);
  await says("For nobody at all");
  await says(`For @${one.name} alone`);
  await called(`For @${one.name} alone`);
  await level("nothing").check({ force: true });
  await says(`Not even for @${one.name} today`);
  await level("everything").check({ force: true });
  await says("At the end");
  await called("At the end");
  const calls = await one.page.evaluate(() => calls.join("\n"));
  assert.doesNotMatch(calls, /For nobody at all|Not even for/);

  // A browser that refuses is not asked again and again.
  await other.page.addInitScript(() => Object.defineProperty(Notification, "permission", { get: () => "denied" }));
  await other.page.reload();
  await other.page.locator('[data-view="list"]').waitFor();
  await openSettings(other.page, "App");
  await other.page.getByText("This browser may not call you. Its own settings for this page change that.").waitFor();
  assert.equal(await other.page.getByRole("button", { name: "Allow" }).count(), 0);
});

story("a conversation is quiet for eight hours, and says until when", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await actOn(one.page, other.name, "Mute for 8 hours");
  await listed(one.page, other.name).getByText("muted").waitFor({ state: "attached" });
  await openDetails(one.page);
  await one.page.locator(".mute-row").getByText(/^Muted until .*\d:\d\d/).waitFor();
  await one.page.reload();
  await open(one.page, other.name);
  await openDetails(one.page);
  await one.page.locator(".mute-row").getByText(/^Muted until /).waitFor();
  await one.page.locator(".mute-row").getByRole("button", { name: "Unmute" }).click();
  await one.page.locator(".mute-row").getByText("Not muted.").waitFor();
  await listed(one.page, other.name).getByText("muted").waitFor({ state: "detached" });
});

story("a group gets another title and a topic, and another owner, in sight of all", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await one.page.getByRole("button", { name: "New conversation" }).first().click();
  await one.page.getByRole("tab", { name: "Group" }).click();
  await one.page.locator("#begin-title").fill("choir");
  await one.page.locator("#begin-people").fill(other.name);
  await one.page.getByRole("button", { name: "Make the group" }).click();
  await say(one.page, "Welcome");
  await other.page.locator('[data-view="list"]').getByText("#choir").first().click();
  await hear(other.page, "Welcome");
  for (const { page } of [one, other]) await openDetails(page);

  await one.page.getByRole("button", { name: "Title and topic" }).click();
  await one.page.locator("#describe-title").fill("x".repeat(10_000));
  await one.page.locator("dialog.for-describe").getByRole("button", { name: "Save" }).click();
  await one.page.locator("dialog.for-describe .is-wrong").getByText(/10000 bytes; at most 256/).waitFor();
  await one.page.locator("#describe-title").fill("chamber choir");
  await one.page.locator("#describe-topic").fill("Mondays at seven");
  await one.page.locator("dialog.for-describe").getByRole("button", { name: "Save" }).click();
  await one.page.locator("dialog.for-describe").waitFor({ state: "detached" });
  for (const { page } of [one, other]) {
    await listed(page, "#chamber choir").waitFor();
    await page.locator(".talk-head h1").getByText("#chamber choir").waitFor();
    await page.locator(".talk-head .about").getByText("Mondays at seven").waitFor();
    await page.locator('[data-view="details"] .contact-about').getByText("Mondays at seven").waitFor();
  }

  const member = (page, name) => page.locator('[data-view="details"] .member-row').filter({ hasText: name });
  await one.page.getByRole("button", { name: `More about ${other.name}` }).click();
  await one.page.locator('[data-view="menu"]').getByText("Make an owner", { exact: true }).click();
  for (const { page } of [one, other]) await member(page, other.name).getByText("owner").waitFor();
  // An owner decides on the one who made it.
  await other.page.getByRole("button", { name: `More about ${one.name}` }).click();
  await other.page.locator('[data-view="menu"]').getByText("Make a member", { exact: true }).click();
  for (const { page } of [one, other]) await member(page, one.name).getByText("owner").waitFor({ state: "detached" });
});

story("who asks can be blocked at once, and is not told", running, async (stage) => {
  const { page, name } = await stage.newcomer("member");
  await stage.server.newcomerInTerminal("nuisance");
  await stage.server.terminal("nuisance", "send", `@${name}`, "Buy my watches");
  await page.locator('[data-view="requests"]').getByText("nuisance").first().click();
  await hear(page, "Buy my watches");
  await page.locator('[data-view="closed"]').getByRole("button", { name: "Block" }).click();
  await confirm(page);
  await page.locator('[data-view="requests"]').waitFor({ state: "detached" });
  await stage.server.terminal("nuisance", "send", `@${name}`, "Are you there?");
  // What comes through another conversation says that the first one had its time.
  await stage.server.newcomerInTerminal("witness");
  await stage.server.terminal("witness", "send", `@${name}`, "Word from elsewhere");
  await page.locator('[data-view="requests"]').getByText("witness").first().waitFor();
  assert.equal(await page.getByText("nuisance").count(), 0);
});

story("whoever does not tell of reading is not seen reading", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await say(one.page, "Do you read this?");
  await hear(other.page, "Do you read this?");
  await message(one.page, "Do you read this?").and(one.page.locator('[data-state="read"]')).waitFor();
  await openSettings(other.page, "Profile");
  await other.page.getByRole("switch", { name: /^Read receipts/ }).uncheck();
  await other.page.keyboard.press("Escape");
  await say(one.page, "And this?");
  await hear(other.page, "And this?");
  await say(other.page, "I have read it");
  await hear(one.page, "I have read it");
  await message(one.page, "And this?").and(one.page.locator('[data-state="delivered"]')).waitFor();
  // From here on again.
  await openSettings(other.page, "Profile");
  await other.page.getByRole("switch", { name: /^Read receipts/ }).check();
  await other.page.keyboard.press("Escape");
  await say(one.page, "And now?");
  await hear(other.page, "And now?");
  await message(one.page, "And now?").and(one.page.locator('[data-state="read"]')).waitFor();
});

story("the browser's way back leads from the details to the conversation and to the list", running, async (stage) => {
  const { page } = await stage.newcomer("member", { viewport: PHONE });
  await enterRoom(page, "lobby");
  await page.locator("#composer-text").fill("Half a sentence");
  await openDetails(page);
  const pane = (name) => page.locator(`[data-view="app"][data-pane="${name}"]`);
  await pane("details").waitFor();
  await page.goBack();
  await pane("talk").waitFor();
  await page.locator("#composer-text").waitFor();
  assert.equal(await page.locator("#composer-text").inputValue(), "Half a sentence");
  await page.goBack();
  await pane("list").waitFor();
  await page.locator('[data-view="list"]').waitFor();
  await page.goForward();
  await pane("talk").waitFor();
  await page.getByRole("button", { name: "Back" }).first().click();
  await pane("list").waitFor();
});

story("the field grows with what is written, up to eight lines", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterRoom(page, "lobby");
  const field = page.locator("#composer-text");
  const height = async (lines) => {
    await field.fill(Array.from({ length: lines }, (_, at) => `line ${at}`).join("\n"));
    // It grows once the browser has drawn what was written.
    await page.evaluate(() => new Promise((done) => setTimeout(() => requestAnimationFrame(done))));
    return (await field.boundingBox()).height;
  };
  const [one, four, eight, nine, forty] = [await height(1), await height(4), await height(8), await height(9), await height(40)];
  assert.ok(one < four && four < eight, `${one}, ${four}, ${eight}`);
  assert.ok(nine - eight < 1 && forty === nine, `${eight}, ${nine}, ${forty}: it stops, and scrolls`);
  assert.ok(await field.evaluate((field) => field.scrollHeight > field.clientHeight));
  await page.keyboard.press("Enter");
  await sent(page, "line 39");
  await page.waitForFunction((one) => document.getElementById("composer-text").getBoundingClientRect().height === one, one);
});

story("a dialog that closes gives the focus back, and takes it from nobody who has gone elsewhere meanwhile", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterLobby(page);
  for (const goesElsewhere of [false, true]) {
    const settings = page.getByRole("button", { name: "Settings", exact: true }).first();
    await settings.click();
    await page.locator("dialog").waitFor();
    // What one types right after a dialog has gone comes before any timer of the page, where that is busy.
    const focused = await page.evaluate(async (goesElsewhere) => {
      const dialog = document.querySelector("dialog");
      dialog.dispatchEvent(new Event("cancel", { cancelable: true }));
      for (let turn = 0; turn < 100 && dialog.isConnected; turn += 1) await Promise.resolve();
      if (dialog.isConnected) return "the dialog is there still";
      if (goesElsewhere) document.getElementById("composer-text").focus();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return document.activeElement.id || document.activeElement.getAttribute("aria-label");
    }, goesElsewhere);
    assert.equal(focused, goesElsewhere ? "composer-text" : await settings.getAttribute("aria-label"));
  }
});

story("tabs are one stop of the keyboard, and the arrows lead from one to the next", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await openSettings(page, "Profile");
  const focused = (name) => page.getByRole("tab", { name, selected: true }).and(page.locator(":focus")).waitFor();
  await page.getByRole("tab", { name: "Profile" }).focus();
  for (const [key, name] of [["ArrowRight", "App"], ["ArrowDown", "Account"], ["ArrowLeft", "App"], ["End", "Server"], ["ArrowRight", "Profile"], ["ArrowUp", "Server"], ["Home", "Profile"]]) {
    await page.keyboard.press(key);
    await focused(name);
  }
  assert.deepEqual(await page.getByRole("tab").evaluateAll((tabs) => tabs.map((tab) => tab.tabIndex)), [0, -1, -1, -1]);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.closest('[role="tablist"]')), null);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "New conversation" }).first().click();
  await page.locator("#begin-name:focus").waitFor();
  await page.keyboard.press("Shift+Tab");
  await focused("Person");
  await page.keyboard.press("ArrowRight");
  await focused("Group");
  await page.locator("#begin-title").waitFor();
});
