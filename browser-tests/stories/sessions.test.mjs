// The devices of an account: what each is, who is signed in there, and how that ends.

import assert from "node:assert/strict";

import { confirm, enterLobby, hear, open, openSettings, say, sent, signIn } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
const ANOTHER = "another-horse-battery-staple-43";
const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);
const devices = (page) => page.locator('[data-view="devices"] .device');

/** Signs in again where the session has ended. */
async function again(page, password) {
  await entry(page, "sign-in-again").waitFor();
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

story("each device says what it is, and its session is ended from another one", running, async (stage) => {
  const one = await stage.newcomer("member");
  await enterLobby(one.page);
  await say(one.page, "Before");
  await sent(one.page, "Before");
  const second = await stage.page();
  await signIn(second, stage.server, one.name);
  await open(second, "#lobby");
  await say(one.page, "On both");
  await hear(second, "On both");
  assert.match(await stage.server.terminal("terminal", "login", one.name, "--server", stage.server.url), /Signed in/);
  // What a device is goes along sealed, so the others have it once it has come.
  await stage.server.terminal("terminal", "status", "--wait");
  assert.match(await stage.server.terminal("terminal", "devices"), /huis · Linux/);

  const look = async () => {
    await openSettings(one.page, "Account");
    await devices(one.page).nth(2).waitFor();
    const names = await devices(one.page).locator(".device-name").allInnerTexts();
    await one.page.keyboard.press("Escape");
    await one.page.locator('[data-view="devices"]').waitFor({ state: "detached" });
    return names.sort().join(", ");
  };
  let names;
  while ((names = await look()) !== "Chrome · Linux, Chrome · Linux, huis · Linux") {
    assert.match(names, /^(Chrome · Linux|huis · Linux|A device that has not said what it is|, )+$/);
    await one.page.evaluate(() => new Promise(requestAnimationFrame));
  }

  await openSettings(one.page, "Account");
  const row = devices(one.page);
  await row.nth(2).waitFor();
  const own = row.filter({ hasText: "this device" });
  assert.equal(await own.count(), 1);
  await own.getByText(/^[0-9a-f]{8} · added: Today$/).waitFor();
  await own.getByText("signed in: Today · last used: Today").waitFor();
  assert.equal(await own.getByRole("button").count(), 0, "this one is not taken from under whoever uses it");

  // One is ended, and asks for the password; the others go on.
  const others = row.filter({ hasText: "Chrome" }).filter({ hasNotText: "this device" });
  assert.equal(await others.count(), 1);
  await others.getByRole("button", { name: "End session, Chrome · Linux" }).click();
  await confirm(one.page);
  await one.page.locator('[data-view="toast"]').getByText("1 session has ended.").waitFor();
  await others.getByText("signed out").waitFor();
  await entry(second, "sign-in-again").waitFor();
  assert.equal(await second.getByText("On both").count(), 0);
  await stage.server.terminal("terminal", "send", "#lobby", "The terminal goes on");
  await again(second, PASSWORD);
  await open(second, "#lobby");
  await hear(second, "The terminal goes on");

  // All but this one.
  await one.page.keyboard.press("Escape");
  await openSettings(one.page, "Account");
  await one.page.getByRole("button", { name: "End all other sessions" }).click();
  await confirm(one.page);
  await one.page.locator('[data-view="toast"]').getByText("2 sessions have ended.").waitFor();
  await one.page.getByRole("button", { name: "End all other sessions" }).waitFor({ state: "detached" });
  await entry(second, "sign-in-again").waitFor();
  await assert.rejects(stage.server.terminal("terminal", "send", "#lobby", "Nobody hears this"), /session/i);
  await one.page.keyboard.press("Escape");
  await say(one.page, "Here I stay");
  await sent(one.page, "Here I stay");
});

story("with another password the other sessions end, where that is wished", running, async (stage) => {
  const one = await stage.newcomer("member");
  const second = await stage.page();
  await signIn(second, stage.server, one.name);
  await second.locator('[data-view="list"]').waitFor();
  await openSettings(one.page, "Account");
  await one.page.getByRole("button", { name: "Change the password" }).click();
  const form = one.page.locator('[data-view="password-form"]');
  const ends = form.getByRole("switch", { name: /^End my other sessions/ });
  assert.equal(await ends.isChecked(), false);
  await ends.check();
  await form.locator("#account-password").fill(PASSWORD);
  await form.locator("#account-new-password").fill(ANOTHER);
  await form.getByRole("button", { name: "Save" }).click();
  await one.page.locator('[data-view="toast"]').getByText("Done.").waitFor();
  await entry(second, "sign-in-again").waitFor();
  await again(second, ANOTHER);
  await second.locator('[data-view="list"]').waitFor();
});
