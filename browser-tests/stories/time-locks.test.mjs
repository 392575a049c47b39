// Messages that open later: chosen in the composer, and opened by themselves everywhere at once.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { bytes, choose, fileOf, sendChosen } from "../support/files.mjs";
import { enterLobby, hear, listed, message, say, sent, writeTo } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
/** Long enough to look everywhere before it opens, also on a slow machine. */
const SPAN = "75s";

const lines = (printed) => printed.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
const sealed = (page) => page.locator('[data-view="timeline"] .message-lock[data-lock="sealed"]');

/** Two people in browsers and one in a terminal, who are in the lobby and have heard each other. */
async function together(stage, watcher, greeting) {
  const pages = [(await stage.newcomer("member")).page, (await stage.newcomer("member", { viewport: PHONE })).page];
  for (const page of pages) await enterLobby(page);
  await stage.server.newcomerInTerminal(watcher);
  await say(pages[0], greeting);
  await sent(pages[0], greeting);
  await hear(pages[1], greeting);
  assert.match(await stage.server.terminal(watcher, "receive", "--json"), new RegExp(greeting));
  return pages;
}

/** When a text first stands anywhere in a page, by the clock that page and server share. */
function firstSeen(page, text) {
  const seen = page.waitForFunction(
    (text) => document.documentElement.textContent.includes(text) && Date.now(),
    text,
    { polling: 50, timeout: 180_000 },
  );
  const at = seen.then((handle) => handle.jsonValue());
  // Where the story ends before, nobody waits for it any more.
  at.catch(() => {});
  return at;
}

/** A day from today on, as the field for it takes it, by the page's own clock and zone. */
function dayAhead(page, days) {
  return page.evaluate((days) => {
    const day = new Date();
    day.setDate(day.getDate() + days);
    const two = (number) => String(number).padStart(2, "0");
    return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
  }, days);
}

story("a locked message opens by itself in two browsers and in a terminal, and not before", running, async (stage) => {
  const pages = await together(stage, "watcher", "Good morning to all");
  await stage.server.newcomerInTerminal("sender");
  await stage.server.terminal("sender", "send", "#lobby", "I am here as well");
  for (const page of pages) await hear(page, "I am here as well");
  assert.match(await stage.server.terminal("watcher", "receive", "--json"), /I am here as well/);

  const secret = "The price is 4711";
  const seen = pages.map((page) => firstSeen(page, secret));
  const id = (await stage.server.terminal("sender", "send", "#lobby", secret, "--unlock-at", SPAN)).trim();
  const printed = await stage.server.terminal("watcher", "receive", "--json");
  const [waiting] = lines(printed);
  assert.deepEqual([waiting.id, waiting.kind, waiting.lock, waiting.text], [id, "timed", "waiting", ""]);
  assert.ok(!printed.includes(secret), "the terminal has nothing of it");
  const opensAt = Date.parse(waiting.unlock_at);
  for (const page of pages) await sealed(page).last().waitFor();
  await listed(pages[0], "#lobby").getByText("(opens later)").waitFor();

  // Who asks for it waits until it is there.
  const [opened] = lines(await stage.server.terminal("watcher", "receive", "--json", "--count", "1", "--timeout", "120"));
  const openedAt = Date.now();
  assert.deepEqual([opened.id, opened.kind, opened.lock, opened.text], [id, "text", "opened", secret]);
  assert.ok(openedAt >= opensAt, `the terminal has it ${opensAt - openedAt} ms before its time`);
  for (const [index, page] of pages.entries()) {
    const at = await seen[index];
    assert.ok(at >= opensAt, `page ${index} shows it ${opensAt - at} ms before its time`);
    await hear(page, secret);
    await sealed(page).first().waitFor({ state: "detached" });
  }
});

story("a moment is chosen in the composer, and what is locked can be withdrawn", running, async (stage) => {
  const [page, other] = await together(stage, "patient", "Good evening to all");
  const clock = page.getByRole("button", { name: "Open later", exact: true });
  const form = page.locator('[data-view="later-form"]');
  const chip = page.locator('.composer [data-view="later"]');

  // What is over can't be chosen, and is said.
  await clock.click();
  await form.waitFor();
  await page.locator("#later-date").fill(await dayAhead(page, -1));
  await page.locator("#later-time").fill("09:00");
  await form.getByText("That moment is over. Choose a later one.").waitFor();
  await page.getByRole("button", { name: "Lock until then" }).click();
  assert.equal(await form.count(), 1, "nothing is chosen");
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "detached" });
  assert.equal(await chip.count(), 0);

  // A day and a time, by keyboard, and away again.
  await page.locator("#composer-text").focus();
  await page.keyboard.press("Alt+l");
  await page.locator("#later-date").fill(await dayAhead(page, 2));
  await page.locator("#later-time").fill("09:05");
  await form.getByText(/^Opens .*9:05.*by the server's clock\.$/).waitFor();
  await page.getByRole("button", { name: "Lock until then" }).press("Enter");
  await form.waitFor({ state: "detached" });
  await chip.getByText(/^Opens .*9:05/).waitFor();
  await chip.getByRole("button", { name: "No lock" }).click();
  await chip.waitFor({ state: "detached" });

  // What is to be locked stays so: beside another conversation, and over a reload.
  const text = page.locator("#composer-text");
  await text.fill("Not for today");
  await clock.click();
  await form.getByRole("switch", { name: /Without trusting this server/ }).check();
  await form.getByText("This server and the members together could not open it earlier", { exact: false }).waitFor();
  await form.getByRole("button", { name: "Tomorrow morning" }).click();
  await chip.getByText(/^Opens .*9:00.*, by drand$/).waitFor();
  await writeTo(page, "patient");
  await chip.waitFor({ state: "detached" });
  assert.equal(await text.inputValue(), "", "nothing of it goes to somebody else");
  await enterLobby(page);
  await chip.getByText(/^Opens .*9:00.*, by drand$/).waitFor();
  assert.equal(await text.inputValue(), "Not for today");
  await page.reload();
  await enterLobby(page);
  await chip.getByText(/^Opens .*9:00.*, by drand$/).waitFor();
  assert.equal(await text.inputValue(), "Not for today");
  await chip.getByRole("button", { name: "No lock" }).click();
  await chip.waitFor({ state: "detached" });
  assert.equal(await clock.evaluate((button) => button === document.activeElement), true, "the keyboard is at the clock");

  // A text for tomorrow: only who wrote it reads it.
  const secret = "Not before tomorrow";
  await clock.click();
  await form.getByRole("button", { name: "Tomorrow morning" }).click();
  await chip.getByText(/^Opens .*9:00/).waitFor();
  await say(page, secret);
  await chip.waitFor({ state: "detached" });
  await sent(page, secret);
  await message(page, secret).locator('.message-lock[data-lock="own"]').getByText(/\(in \d+ (d|h|min)/).waitFor();
  await sealed(other).getByText(/^A text that opens .* \(in \d+ (d|h|min)/).waitFor();
  assert.equal(await other.getByText(secret).count(), 0);
  assert.ok(!(await other.content()).includes(secret), "the other page has nothing of it");
  const printed = await stage.server.terminal("patient", "receive", "--json");
  assert.deepEqual(lines(printed).map((line) => line.kind), ["timed"]);
  assert.ok(!printed.includes(secret), "the terminal has nothing of it");

  // Files too, and what comes next is said at once again.
  await clock.click();
  await form.getByRole("button", { name: "In an hour" }).click();
  await choose(page, { name: "plan.txt", mimeType: "text/plain", buffer: bytes(2000) });
  await sendChosen(page);
  await chip.waitFor({ state: "detached" });
  await fileOf(page, "plan.txt").waitFor();
  await sealed(other).getByText(/^A file that opens /).waitFor();
  assert.ok(!(await other.content()).includes("plan.txt"), "not even its name");
  await say(page, "This is for now");
  await hear(other, "This is for now");

  // All that waits, the next one to open first; one is taken back, after a question.
  await page.getByRole("button", { name: "Settings", exact: true }).first().click();
  await page.getByRole("tab", { name: "App" }).click();
  await page.getByRole("button", { name: "What opens later" }).click();
  const rows = page.locator('[data-view="locks-waiting"] .lock-row');
  await rows.nth(1).waitFor();
  assert.equal(await rows.count(), 2);
  await rows.nth(1).getByRole("button", { name: "Withdraw" }).click();
  await page.getByTestId("confirm-yes").click();
  await rows.nth(1).waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await other.locator('[data-view="timeline"] .is-deleted').waitFor();
  await sealed(other).getByText(/^A text that opens /).waitFor({ state: "detached" });
  assert.equal(await sealed(other).getByText(/^A file that opens /).count(), 1, "the other one still waits");
});
