// What people do in the web app, and what they see.

import assert from "node:assert/strict";

import { PATIENCE_MS } from "./browser.mjs";
import { PASSWORD } from "./server.mjs";

/** Opens the link that the server printed for newcomers, and makes an account. Gives the recovery key. */
export async function register(page, server, name) {
  await page.goto(server.link);
  return createAccount(page, name);
}

/** Makes an account where the link for newcomers was opened. Gives the recovery key. */
export async function createAccount(page, name) {
  await page.locator("#username").fill(name);
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  const key = page.locator('[data-view="entry"][data-state="recovery-key"]');
  await key.waitFor();
  const shown = /(?:[0-9A-Z]{4}-){5,}[0-9A-Z]{4}/.exec((await key.innerText()).replaceAll(/\s+/g, ""))?.[0];
  assert.ok(shown, "the recovery key is shown");
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.locator('[data-view="list"]').waitFor();
  return shown;
}

/** Signs in as a new device. */
export async function signIn(page, server, name, password = PASSWORD) {
  await page.goto(`${server.url}/`);
  const choice = page.locator('[data-view="entry"][data-state="welcome"]');
  const form = page.locator("#username");
  await choice.or(form).first().waitFor();
  if (await choice.isVisible()) await page.getByRole("button", { name: "I have an account" }).click();
  await form.fill(name);
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Goes into the open room where everybody is. Who is only on the way in does not hear what is said meanwhile. */
export async function enterLobby(page) {
  await page.getByRole("button", { name: /#lobby/ }).first().click();
  await page.locator("#composer-text").waitFor();
  await page.locator("button.talk-title").filter({ hasText: /\d+ (person|people)/ }).waitFor();
}

/** Opens a conversation of the list. */
export async function open(page, name) {
  await page.locator('[data-view="list"]').getByText(name, { exact: true }).first().click();
  await page.locator("#composer-text").waitFor();
}

/** Begins a conversation with one person. */
export async function writeTo(page, name) {
  await page.getByRole("button", { name: "New conversation" }).first().click();
  await page.locator("#begin-name").fill(name);
  await page.getByRole("button", { name: "Write", exact: true }).click();
  await page.locator("#composer-text").waitFor();
}

export async function say(page, text) {
  // Behind a dialog nobody can type.
  await page.locator("dialog").first().waitFor({ state: "detached" });
  await page.locator("#composer-text").fill(text);
  await page.keyboard.press("Enter");
}

/** The row of the message with this text. */
export function message(page, text) {
  return page.locator('[data-view="timeline"] .message').filter({ has: page.getByText(text, { exact: true }) }).last();
}

/** Waits until the message is seen. */
export async function hear(page, text) {
  await message(page, text).waitFor();
}

/** Waits until one's own message is with the server. */
export async function sent(page, text) {
  await page.waitForFunction(
    (text) => {
      const rows = [...document.querySelectorAll('[data-view="timeline"] .message')];
      const row = rows.findLast((row) => row.textContent.includes(text));
      return ["sent", "delivered", "read"].includes(row?.dataset.state);
    },
    text,
  );
}

/** Opens the menu of a message and does what is called so. */
export async function act(page, text, what) {
  const row = message(page, text);
  await row.hover();
  await row.getByRole("button", { name: "More" }).click();
  await page.locator('[data-view="menu"]').getByText(what, { exact: true }).click();
}

/** Two people who talk with each other, each in a browser of their own; `options` are those of their contexts. */
export async function acquainted(stage, ...options) {
  const [one, other] = [await stage.newcomer("member", options[0]), await stage.newcomer("member", options[1])];
  await writeTo(one.page, other.name);
  await say(one.page, "Good morning");
  await sent(one.page, "Good morning");
  await other.page.locator('[data-view="requests"]').getByText(one.name).first().click();
  await other.page.getByRole("button", { name: "Accept" }).click();
  await hear(other.page, "Good morning");
  await say(other.page, "Good morning to you");
  await hear(one.page, "Good morning to you");
  return [one, other];
}

/** Goes into an open room, which is made where there is none of this name. */
export async function enterRoom(page, name) {
  await backToList(page);
  await page.getByRole("button", { name: "New conversation" }).first().click();
  await page.getByRole("tab", { name: "Open room" }).click();
  await page.locator("#begin-room-name").fill(name);
  await page.getByRole("button", { name: "Go in", exact: true }).click();
  await page.locator("button.talk-title").filter({ hasText: `#${name}` }).filter({ hasText: /\d+ (person|people)/ }).waitFor();
}

/** The row of a conversation in the list. */
export function listed(page, name) {
  return page.locator('[data-view="list"] .list-item').filter({ has: page.locator(".list-name").getByText(name, { exact: true }) });
}

/** Opens the menu of a conversation in the list and does what is called so. */
export async function actOn(page, name, what) {
  await listed(page, name).locator(".list-row").click({ button: "right" });
  await page.locator('[data-view="menu"]').getByText(what, { exact: true }).click();
}

/** Says yes to the question that is asked. */
export async function confirm(page) {
  await page.getByTestId("confirm-yes").click();
}

/** Opens what is known of the open conversation, or of the other one in it. */
export async function openDetails(page) {
  await page.locator("button.talk-title").click();
  await page.locator('[data-view="details"]').waitFor();
}

export async function openSettings(page, part) {
  await page.getByRole("button", { name: "Settings", exact: true }).first().click();
  await page.getByRole("tab", { name: part }).click();
}

/** Locks the device, by its settings. */
export async function lock(page) {
  await openSettings(page, "Account");
  await page.getByRole("button", { name: "Lock" }).first().click();
  await page.getByRole("dialog").last().getByRole("button", { name: "Lock" }).last().click();
  await page.locator('[data-view="entry"][data-state="locked"]').waitFor();
}

/** Loses the network, with what is loaded: a connection that stands already would stay. */
export async function loseNetwork(page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  // Only a page that is loaded under the service worker is served by it.
  await page.reload();
  await page.locator('[data-view="list"]').waitFor();
  await page.context().setOffline(true);
  await page.reload();
  await page.locator('[data-view="strip"][data-state="offline"]').filter({ visible: true }).first().waitFor();
}

/** Goes back to the list, where that is a page of its own. */
export async function backToList(page) {
  const back = page.getByRole("button", { name: "Back" }).first();
  while (await back.isVisible()) await back.click();
  await page.locator('[data-view="list"]').waitFor();
}

/** Waits until what this finds is in sight within the timeline, or out of it. It is found anew each time: a row may be drawn anew. */
export async function waitForSight(found, isWanted = true) {
  const isInSight = (rows) => {
    const outer = document.getElementById("timeline").getBoundingClientRect();
    const inner = rows.at(-1)?.getBoundingClientRect();
    return inner !== undefined && inner.bottom > outer.top && inner.top < outer.bottom;
  };
  const until = Date.now() + PATIENCE_MS;
  while ((await found.evaluateAll(isInSight)) !== isWanted) {
    assert.ok(Date.now() < until, `${found} is ${isWanted ? "not " : ""}in sight`);
    await drawnAnew(found.page());
  }
}

/** Waits until a page was drawn once more. */
export function drawnAnew(page) {
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
