// What a screen reader and a notification say of what comes: as much as may be read where they say it.

import assert from "node:assert/strict";

import { CALLS } from "../support/calls.mjs";
import { bytes, choose, fileIsSent, sendChosen } from "../support/files.mjs";
import { acquainted, act, enterLobby, hear, lock, open, openDetails, openSettings, say } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
/** Long enough to look at it twice before it opens, also on a slow machine. */
const SPAN = "75s";

/** Keeps in `everHeard` what the region for screen readers has ever said, and what stands before it in `heardInDialog`. */
const HEARS = () => {
  globalThis.everHeard = new Set();
  globalThis.heardInDialog = new Set();
  const hear = () => {
    for (const region of document.querySelectorAll('[role="log"]')) {
      const heard = region.closest("dialog") ? heardInDialog : everHeard;
      heard.add(region.textContent.trim());
    }
  };
  new MutationObserver(hear).observe(document, { subtree: true, childList: true, characterData: true });
};

const isHeard = (page, text, where = "everHeard") =>
  page.waitForFunction(([text, where]) => [...globalThis[where]].some((heard) => heard.includes(text)), [text, where]);
const isCalled = (page, text, options) =>
  page.waitForFunction((text) => globalThis.calls.some((call) => call.includes(text)), text, options);

async function lockedFor(page, text) {
  await page.getByRole("button", { name: "Open later", exact: true }).click();
  await page.locator('[data-view="later-form"]').getByRole("button", { name: "In an hour" }).click();
  await page.locator('.composer [data-view="later"]').waitFor();
  await say(page, text);
}

async function vanishes(page) {
  await openDetails(page);
  await page.locator("#vanish-after").selectOption("30");
  await page.locator('[data-view="timeline"]').getByText(/vanish 30 s after they are read/).first().waitFor();
  await page.locator("#details-close").click();
}

/** Says something of each kind, and waits after each until the other one has it. */
async function saysAll(page, has) {
  await say(page, "Plain words");
  await has("Plain words");
  await choose(page, { name: "report.pdf", mimeType: "application/pdf", buffer: bytes(2000) });
  await sendChosen(page);
  await has("📎 report.pdf");
  await lockedFor(page, "Not before its hour");
  await has("(opens later)");
  await page.getByRole("button", { name: "Can be opened once" }).click();
  await say(page, "For one look");
  await has("(to be opened once)");
  await vanishes(page);
  await say(page, "Only for a moment");
  await has("(a message that vanishes)");
}

story("what comes is said to a screen reader, and no word that is not to be kept", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await other.page.evaluate(HEARS);
  await saysAll(one.page, (line) => isHeard(other.page, `${one.name}: ${line}`));
  await hear(other.page, "Only for a moment");
  const heard = await other.page.evaluate(() => [...everHeard].join("\n"));
  for (const secret of ["Not before its hour", "For one look", "Only for a moment"]) {
    assert.ok(!heard.includes(secret), `${secret} is not said: ${heard}`);
  }

  // What stands behind a dialog is not heard, so the dialog says it.
  await openSettings(other.page, "App");
  const region = other.page.locator('dialog [role="log"][aria-live="polite"]');
  assert.equal(await region.textContent(), "", "what was said before is not said again");
  await say(one.page, "Behind the settings");
  await isHeard(other.page, `${one.name}: (a message that vanishes)`, "heardInDialog");
  assert.ok(await region.evaluate((region) => region.closest("dialog").matches(":modal")), "it is in what is before everything");
  // The same line once more is another message.
  const before = await region.textContent();
  await say(one.page, "Behind the settings as well");
  await other.page.waitForFunction(
    ([region, before]) => region.textContent !== before && region.textContent.trim() === before.trim(),
    [await region.elementHandle(), before],
  );

  // Nothing of it stays where nobody is known.
  await other.page.keyboard.press("Escape");
  await lock(other.page);
  assert.equal((await other.page.locator('[role="log"]').allTextContents()).join("").trim(), "");
});

story("a notification says what came as far as it may be kept, and nothing of what is not yet open", running, async (stage) => {
  const [one, other] = await acquainted(stage, {}, { permissions: ["notifications"] });
  await other.page.addInitScript(CALLS);
  await other.page.reload();
  await open(other.page, one.name);
  await other.page.evaluate(() => (globalThis.looksAway = true));
  await saysAll(one.page, (line) => isCalled(other.page, `${one.name}: ${line}`));
  const called = await other.page.evaluate(() => calls.join("\n"));
  for (const secret of ["Not before its hour", "For one look", "Only for a moment"]) {
    assert.ok(!called.includes(secret), `${secret} is not said: ${called}`);
  }
});

story("what is pinned is a line in the details, also where it has no words", running, async (stage) => {
  const [one] = await acquainted(stage);
  await choose(one.page, { name: "plan.txt", mimeType: "text/plain", buffer: bytes(200) });
  await sendChosen(one.page);
  await fileIsSent(one.page, "plan.txt");
  await act(one.page, "plan.txt", "Pin for everybody");
  await openDetails(one.page);
  await one.page.locator(".pinned-row .pinned-text").getByText("📎 plan.txt").waitFor();
});

story("a lock counts down in sight, and its opening calls whoever looks elsewhere", running, async (stage) => {
  const { page } = await stage.newcomer("member", { permissions: ["notifications"] });
  await page.addInitScript(CALLS);
  await page.reload();
  await enterLobby(page);
  await stage.server.newcomerInTerminal("sender");
  await stage.server.terminal("sender", "send", "#lobby", "I am here as well");
  await hear(page, "I am here as well");
  await stage.server.terminal("sender", "send", "#lobby", "The price is 4711", "--unlock-at", SPAN);
  const lock = page.locator('[data-view="timeline"] .message-lock[data-lock="sealed"]').last();
  const left = async () => /\(in ([^)]+)\)/.exec(await lock.innerText())?.[1];
  await lock.waitFor();
  const before = await left();
  assert.ok(before, "it says in how long it opens");
  await page.waitForFunction((before) => {
    const lock = [...document.querySelectorAll('.message-lock[data-lock="sealed"]')].at(-1);
    const left = /\(in ([^)]+)\)/.exec(lock?.innerText ?? "")?.[1];
    return left && left !== before;
  }, before);
  const seconds = (words) => [...words.matchAll(/(\d+) (min|s)/g)].reduce((sum, [, count, unit]) => sum + count * (unit === "min" ? 60 : 1), 0);
  assert.ok(seconds(await left()) < seconds(before), `from ${before} it goes down`);
  await page.evaluate(() => (globalThis.looksAway = true));
  await isCalled(page, "sender: The price is 4711", { timeout: 180_000 });
  await hear(page, "The price is 4711");
});
