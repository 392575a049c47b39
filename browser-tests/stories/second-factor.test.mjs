// A second factor, turned on in a page and asked for in a terminal and in a page; and a recovery key in place of another.

import assert from "node:assert/strict";

import { code } from "../support/authenticator.mjs";
import { signIn } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

/** Opens what the settings say of the account, and chooses something there that takes the password. */
async function choose(page, what) {
  await page.getByRole("button", { name: "Settings", exact: true }).first().click();
  await page.getByRole("tab", { name: "Account" }).click();
  await page.getByRole("button", { name: what, exact: true }).click();
  await page.locator("#account-password").fill(PASSWORD);
}

story("a second factor is turned on in a page, and a terminal and another page ask for its codes", running, async (stage) => {
  const { page, name } = await stage.newcomer("member");
  await choose(page, "Turn the second factor on");
  await page.locator('[data-view="password-form"] button[type="submit"]').click();
  const form = page.locator('[data-view="second-factor"]');
  await form.waitFor();
  const secret = await form.locator('[data-testid="factor-secret"]').innerText();
  const address = await form.locator(".code-drawn").getAttribute("data-code");
  assert.match(address, /^otpauth:\/\/totp\/Huis:/);
  assert.ok(address.includes(`secret=${secret}&`));
  await page.locator("#factor-code").fill("abc");
  await form.getByRole("button", { name: "Turn the second factor on" }).click();
  await form.getByRole("alert").waitFor();
  await page.locator("#factor-code").fill(code(secret));
  await form.getByRole("button", { name: "Turn the second factor on" }).click();
  const codes = page.locator('[data-view="recovery-codes"] li');
  await codes.first().waitFor();
  assert.equal(await codes.count(), 10);
  const [one] = await codes.allInnerTexts();
  await page.getByRole("button", { name: "I keep them" }).click();

  const login = ["login", name, "--server", stage.server.url];
  await assert.rejects(stage.server.terminal("terminal", ...login), /needs-second-factor/);
  assert.match(await stage.server.terminal("terminal", ...login, "--code", code(secret, 1)), /Signed in/);

  const other = await stage.page({});
  await signIn(other, stage.server, name);
  await other.locator("#second-factor").fill("000000");
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.getByText(/used already/).first().waitFor();
  await other.locator("#second-factor").fill(one);
  await other.getByRole("button", { name: "Sign in", exact: true }).click();
  await other.locator('[data-view="list"]').waitFor();
});

story("a new recovery key takes the place of the one before", running, async (stage) => {
  const { page, name } = await stage.newcomer("keyholder");
  await choose(page, "Make a new recovery key");
  await page.getByRole("button", { name: "Make it", exact: true }).click();
  const shown = await page.locator('[data-testid="recovery-key"]').innerText();
  assert.match(shown.trim(), /^(?:[0-9A-Z]{4}-){13}[0-9A-Z]{4}$/);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.locator('[data-view="list"]').waitFor();
  assert.match(await stage.server.terminal("other", "login", name, "--server", stage.server.url), /Signed in/);
});
