// What people do in the web app, and what they see.

import assert from "node:assert/strict";

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
