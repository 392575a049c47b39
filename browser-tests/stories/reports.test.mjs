// A member tells those who look after the server of a message and of a person, and reads what became of it.

import assert from "node:assert/strict";

import * as axe from "../support/axe.mjs";
import { PHONE } from "../support/browser.mjs";
import { act, acquainted, hear, openDetails, openSettings, say } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
const lines = (printed) => printed.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
const form = (page) => page.locator('dialog.for-report [data-view="report-form"]');

/** What still fades in has less contrast than it will have. */
async function check(page, where) {
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState === "finished"));
  await axe.check(page, where);
}

async function report(page) {
  await form(page).getByRole("button", { name: "Report", exact: true }).click();
  await page.getByText("Reported. What is decided").waitFor();
  await form(page).waitFor({ state: "detached" });
}

story("a message is reported with what it says, a person without anything, and the answer is read", running, async (stage) => {
  const [one, other] = await acquainted(stage, {}, { viewport: PHONE });
  const keeper = async (...args) => stage.server.terminal("keeper", ...args);
  await keeper("register", "keeper", "--server", stage.server.url, "--claim", stage.server.claim);
  await say(one.page, "You will regret this");
  await hear(other.page, "You will regret this");
  await say(other.page, "This is between us");

  // What a message says is shown where that is chosen, and nothing else of the conversation is.
  await act(other.page, "You will regret this", "Report");
  await check(other.page, "the report of a message");
  await form(other.page).getByText("Abuse").click();
  await form(other.page).locator("#report-note").fill("It goes on like this");
  await form(other.page).getByRole("switch", { name: /Show them what it says/ }).check();
  await report(other.page);
  const [listed] = lines(await keeper("admin", "reports", "list", "--json"));
  const printed = await keeper("admin", "reports", "show", listed.id, "--json");
  assert.match(printed, /You will regret this/);
  assert.match(printed, /It goes on like this/);
  assert.doesNotMatch(printed, /This is between us/);

  // Of a person nothing is shown, and they are blocked where that is wished.
  await openDetails(other.page);
  await other.page.locator(".contact-buttons").getByRole("button", { name: "Report", exact: true }).click();
  await check(other.page, "the report of a person");
  await form(other.page).getByRole("switch", { name: /as well/ }).check();
  await report(other.page);
  await other.page.locator('[data-view="contact"]').getByText("Blocked. Nothing of theirs reaches you.").waitFor();
  const both = lines(await keeper("admin", "reports", "list", "--json"));
  assert.equal(both.length, 2);
  await keeper("admin", "reports", "close", listed.id, "--as", "acted", "--answer", "We have spoken with them.");

  await other.page.locator("#details-close").click();
  await other.page.getByRole("button", { name: "Back" }).first().click();
  await openSettings(other.page, "Account");
  await other.page.getByRole("button", { name: "Your reports" }).click();
  const own = other.page.locator('[data-view="reports"] li');
  await own.filter({ hasText: "We have spoken with them." }).getByText("Something was done about it.").waitFor();
  await own.filter({ hasText: "Nobody has looked at it yet." }).waitFor();
  assert.equal(await own.count(), 2);
  await check(other.page, "one's own reports");
});
