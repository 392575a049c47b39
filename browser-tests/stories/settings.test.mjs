// Settings: how it looks and speaks, what one shows of oneself, devices, passwords, keys and the browser's storage.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { photo } from "../support/files.mjs";
import { UNSERVED } from "../support/journey.mjs";
import { acquainted, confirm, enterLobby, hear, listed, loseNetwork, message, open, openDetails, openSettings, register, say, sent, signIn } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
const ANOTHER = "another-horse-battery-staple-43";
const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);

story("a theme is kept, and the automatic one follows the device", running, async (stage) => {
  const { page } = await stage.newcomer("member", { colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await openSettings(page, "App");
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await page.locator('html[data-theme="dark"]').waitFor();
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await page.locator('[data-view="list"]').waitFor();
  assert.equal(await ground(), dark, "it is dark from the first moment of a page on");

  await openSettings(page, "App");
  assert.ok(await page.getByRole("radio", { name: "Dark" }).isChecked());
  await page.getByRole("radio", { name: "Light" }).check({ force: true });
  await page.locator('html[data-theme="light"]').waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await ground(), light, "who chose is not asked the device");
  await page.getByRole("radio", { name: "Automatic" }).check({ force: true });
  await page.locator("html:not([data-theme])").waitFor();
  assert.equal(await ground(), dark);
  await page.reload();
  await page.locator('[data-view="list"]').waitFor();
  assert.equal(await ground(), dark);
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await ground(), light);
});

/** The texts of a language as the page itself gets them, as far as nothing is filled into them. */
async function texts(page, language) {
  return page.evaluate(async (language) => {
    const text = async (path) => (await fetch(path)).text();
    const boot = /\/boot-[0-9a-z]*\.js/.exec(await text("/"))[0];
    const file = new RegExp(`texts-${language}-[0-9a-z]+\\.ftl`).exec(await text(boot))[0];
    const found = {};
    for (const [, key, value] of (await text(`/${file}`)).matchAll(/^([a-z0-9-]+) = ([^{\n]+)$/gm)) found[key] = value.trim();
    return found;
  }, language);
}

/** All that a page says to those who see it and to those who hear it. */
function spoken(page) {
  return page.evaluate(() => {
    const found = new Set();
    const walker = document.createTreeWalker(document.getElementById("huis"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) found.add(walker.currentNode.data.trim());
    for (const element of document.querySelectorAll("#huis *")) {
      for (const name of ["aria-label", "title", "placeholder"]) found.add(element.getAttribute(name)?.trim());
    }
    return [...found].filter(Boolean);
  });
}

/** Nothing that this page says is a word of another language. */
async function assertFrench(page, where) {
  assertInFrench(await texts(page, "en"), await texts(page, "fr"), await spoken(page), where);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "fr", where);
}

function assertInFrench(english, french, said, where) {
  assert.ok(Object.keys(english).length > 300 && Object.keys(french).length > 300, "the texts are there");
  const ofFrench = new Set(Object.values(french));
  const foreign = new Set(Object.entries(english).filter(([key, text]) => french[key] !== text).map(([, text]) => text));
  // English and French share words, and the name of a language is said in that language.
  const wrong = said.filter((text) => foreign.has(text) && !ofFrench.has(text));
  assert.deepEqual(wrong, [], `${where}: nothing is said in English`);
  assert.ok(said.filter((text) => ofFrench.has(text)).length >= 3, `${where}: it speaks French: ${said.join(" | ")}`);
}

const MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre";

story("all of the page speaks French once it is chosen, and stays with it", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const { page } = one;
  await openSettings(page, "App");
  await page.getByRole("radio", { name: "Français" }).check({ force: true });
  await page.locator('html[lang="fr"]').waitFor();
  for (const part of ["Profil", "Compte", "Serveur"]) {
    await page.locator(".settings-tabs").getByRole("tab", { name: part }).click();
    await assertFrench(page, part);
  }
  await page.reload();
  await open(page, other.name);
  await message(page, "Good morning").waitFor();
  await page.locator(".row.day").getByText(/^Aujourd.hui$/).waitFor();
  await message(page, "Good morning").hover();
  await assertFrench(page, "a conversation");
  assert.match(await message(page, "Good morning").locator("time").getAttribute("title"), new RegExp(`\\d (${MONTHS}) \\d{4}`));
  await openDetails(page);
  await page.locator(".safety").waitFor();
  await assertFrench(page, "the details");
  await page.locator("#timeline").focus();
  await page.keyboard.press("?");
  await page.locator("dialog.for-shortcuts").waitFor();
  await assertFrench(page, "keys");
});

story("a browser that speaks French gets a French page from the first moment on", running, async (stage) => {
  const page = await stage.page({ locale: "fr-FR", viewport: PHONE });
  await page.goto(`${stage.server.url}/`);
  await entry(page, "welcome").waitFor();
  await assertFrench(page, "welcome");
  for (const choice of [0, 1, 2]) {
    await page.reload();
    await entry(page, "welcome").waitFor();
    await page.locator(".entry-choices button").nth(choice).click();
    await page.locator("#username").waitFor();
    await assertFrench(page, await page.locator('[data-view="entry"]').getAttribute("data-state"));
  }
  await page.goto("about:blank");
  await page.goto(stage.server.link);
  await page.locator("#username").fill("francophone");
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#password").press("Enter");
  await entry(page, "recovery-key").waitFor();
  await assertFrench(page, "recovery key");
  await page.getByRole("button", { name: /^Je l.ai/ }).click();
  await page.locator('[data-view="list"]').waitFor();
  await page.locator('[data-view="list"] .nothing').waitFor();
  await assertFrench(page, "empty list");
});

/** Keeps in `everSaid` what a page has said at any time, from its first moment on: changes are told before they are painted. */
function listens() {
  globalThis.everSaid = new Set();
  const hear = () => {
    const root = document.getElementById("huis");
    if (!root) return;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) everSaid.add(walker.currentNode.data.trim());
    everSaid.delete("");
  };
  new MutationObserver(hear).observe(document, { subtree: true, childList: true, characterData: true });
}

story("a page says nothing before its language is there, and then no word of another one", running, async (stage) => {
  const page = await stage.page({ locale: "fr-FR", ...UNSERVED });
  let letGo;
  const isReady = new Promise((resolve) => (letGo = resolve));
  await page.context().route("**/texts-fr-*.ftl", (route) => isReady.then(() => route.continue()));
  const module = page.waitForEvent("requestfinished", (request) => /\/ui-[0-9a-z]+\.wasm$/.test(request.url()));
  const asked = page.waitForRequest("**/texts-fr-*.ftl");
  await page.addInitScript(listens);
  await page.goto(`${stage.server.url}/`);
  await module;
  await asked;
  const everSaid = () => page.evaluate(() => [...everSaid]);
  assert.deepEqual(await everSaid(), [], "without its texts it says nothing");
  letGo();
  await entry(page, "welcome").waitFor();
  assertInFrench(await texts(page, "en"), await texts(page, "fr"), await everSaid(), "from the first word on");
  await assertFrench(page, "welcome");
});

story("a page speaks English where another language can't be had, and that language once it can", running, async (stage) => {
  const without = {
    "no answer": () => new Promise(() => {}),
    "no way there": (route) => route.abort(),
    "no such file": (route) => route.fulfill({ status: 404, body: "" }),
    "words of somebody else": (route) => route.fulfill({ contentType: "text/plain; charset=utf-8", body: "entry-welcome = Bonsoir\n" }),
  };
  for (const [how, answer] of Object.entries(without)) {
    const page = await stage.page({ locale: "fr-FR", ...UNSERVED });
    await page.context().route("**/texts-fr-*.ftl", answer);
    await page.goto(`${stage.server.url}/`);
    await entry(page, "welcome").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en", how);
    await page.getByRole("heading", { name: "Welcome", exact: true }).waitFor();

    await page.context().unroute("**/texts-fr-*.ftl");
    await page.getByRole("button", { name: "Français" }).click();
    await page.locator('html[lang="fr"]').waitFor();
    await assertFrench(page, `${how}, and then the file`);
    await page.reload();
    await entry(page, "welcome").waitFor();
    await assertFrench(page, `${how}, at the next load`);
  }
});

story("a language stays without a network, and another one can be chosen there", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await openSettings(page, "App");
  await page.getByRole("radio", { name: "Français" }).check({ force: true });
  await page.locator('html[lang="fr"]').waitFor();
  await page.keyboard.press("Escape");
  await page.addInitScript(listens);
  await loseNetwork(page);
  await assertFrench(page, "offline");
  assertInFrench(await texts(page, "en"), await texts(page, "fr"), await page.evaluate(() => [...everSaid]), "since it was loaded offline");

  await page.getByRole("button", { name: "Réglages", exact: true }).first().click();
  await page.getByRole("tab", { name: "Application" }).click();
  await page.getByRole("radio", { name: "English" }).check({ force: true });
  await page.locator('html[lang="en"]').waitFor();
  await page.getByRole("tab", { name: "Profile" }).waitFor();
  await page.reload();
  await page.locator('[data-view="list"]').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en", "it stays offline, too");
});

story("a name and a picture are seen by those with whom one talks", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await openSettings(one.page, "Profile");
  await one.page.locator("#card-name").fill("Ada of the garden");
  await one.page.locator("#card-about").fill("Mostly roses");
  await one.page.getByRole("button", { name: "Save", exact: true }).click();
  await one.page.locator('[data-view="toast"]').getByText("Saved.").waitFor();
  const picture = { name: "me.jpg", mimeType: "image/jpeg", buffer: await photo(one.page) };
  await one.page.locator('[data-view="settings"] input[type="file"]').setInputFiles(picture);
  await one.page.locator('[data-view="settings"] img.avatar').waitFor();
  await one.page.keyboard.press("Escape");
  // They go out with the next word.
  await say(one.page, "It is me");
  await hear(other.page, "It is me");
  await listed(other.page, "Ada of the garden").waitFor();
  // In the list and above the conversation as well, in the room that the initials had.
  for (const avatar of [listed(other.page, "Ada of the garden").locator(".avatar"), other.page.locator("button.talk-title .avatar")]) {
    await avatar.locator("img").waitFor();
    const [outer, inner] = [await avatar.boundingBox(), await avatar.locator("img").boundingBox()];
    assert.deepEqual([inner.width, inner.height], [outer.width, outer.height]);
  }
  await other.page.locator("button.talk-title .handle").getByText(`@${one.name}`).waitFor();
  await openDetails(other.page);
  await other.page.locator('[data-view="contact"]').getByText("Mostly roses").waitFor();
  const shown = other.page.locator('[data-view="contact"] img.avatar');
  await shown.waitFor();
  assert.deepEqual(await shown.evaluate((image) => [image.naturalWidth, image.naturalHeight]), [192, 192]);

  await openSettings(one.page, "Profile");
  await one.page.getByRole("button", { name: "Remove it" }).click();
  await one.page.locator('[data-view="settings"] img.avatar').waitFor({ state: "detached" });
  await one.page.keyboard.press("Escape");
  await say(one.page, "Without a picture");
  await hear(other.page, "Without a picture");
  await listed(other.page, "Ada of the garden").locator(".avatar img").waitFor({ state: "detached" });
});

story("a device that is taken off is told so and hears nothing more", running, async (stage) => {
  const one = await stage.newcomer("member");
  await enterLobby(one.page);
  await say(one.page, "Before");
  await sent(one.page, "Before");
  const lost = await stage.page({ viewport: PHONE });
  await signIn(lost, stage.server, one.name);
  await open(lost, "#lobby");
  await say(one.page, "For both devices");
  await hear(lost, "For both devices");

  await openSettings(one.page, "Account");
  await one.page.getByText("this device").first().waitFor();
  await one.page.getByRole("button", { name: "Take off" }).click();
  const form = one.page.locator('[data-view="password-form"]');
  await form.locator("#account-password").fill("certainly-not-this-password");
  await form.getByRole("button", { name: "Take off" }).click();
  await form.getByText("The password is wrong").waitFor();
  await form.locator("#account-password").fill(PASSWORD);
  await form.getByRole("button", { name: "Take off" }).click();
  await one.page.locator('[data-view="toast"]').getByText("Done.").waitFor();
  await one.page.getByRole("button", { name: "Take off" }).waitFor({ state: "detached" });
  await one.page.keyboard.press("Escape");

  await entry(lost, "sign-in-again").waitFor();
  assert.equal(await lost.getByText("For both devices").count(), 0, "nothing is read there without the password any more");
  await lost.locator("#password").fill(PASSWORD);
  await lost.getByRole("button", { name: "Sign in", exact: true }).click();
  await lost.getByText("This device was taken off your account.").waitFor();
  await say(one.page, "For one device");
  await sent(one.page, "For one device");
  assert.equal(await lost.getByText("For one device").count(), 0);

  // What is left there is erased by whoever has it in hand, without a password.
  await lost.getByRole("button", { name: "Begin anew" }).click();
  await confirm(lost);
  await entry(lost, "welcome").waitFor();
});

story("another password counts at once, and a forgotten one is replaced by the recovery key", running, async (stage) => {
  const one = await stage.newcomer("member");
  await enterLobby(one.page);
  await say(one.page, "Before the change");
  await sent(one.page, "Before the change");
  await openSettings(one.page, "Account");
  await one.page.getByRole("button", { name: "Change the password" }).click();
  const form = one.page.locator('[data-view="password-form"]');
  await form.locator("#account-password").fill(PASSWORD);
  await form.locator("#account-new-password").fill("12345678");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText(/too easy to guess/).waitFor();
  await form.locator("#account-new-password").fill(ANOTHER);
  await form.getByRole("button", { name: "Save" }).click();
  await one.page.locator('[data-view="toast"]').getByText("Done.").waitFor();
  await one.page.keyboard.press("Escape");

  const second = await stage.page();
  await signIn(second, stage.server, one.name);
  await second.getByText("The name or the password is wrong").waitFor();
  await second.locator("#password").fill(ANOTHER);
  await second.getByRole("button", { name: "Sign in", exact: true }).click();
  await open(second, "#lobby");
  await say(one.page, "On both");
  await hear(second, "On both");

  // With a key that is not the account's nobody comes in; with the right one the others are out.
  const third = await stage.page();
  await third.goto(`${stage.server.url}/`);
  await third.getByRole("button", { name: "I have forgotten my password" }).click();
  await third.locator("#username").fill(one.name);
  await third.locator("#recovery-key").fill(one.recoveryKey.replaceAll(/[0-9A-Z]/g, "0"));
  await third.locator("#password").fill(`${ANOTHER}-again`);
  await third.getByRole("button", { name: "Set the new password" }).click();
  await third.locator("#recovery-key[aria-invalid='true']").waitFor();
  await third.locator("#recovery-key").fill(one.recoveryKey);
  await third.getByRole("button", { name: "Set the new password" }).click();
  await open(third, "#lobby");
  await third.locator("button.talk-title").filter({ hasText: /\d+ (person|people)/ }).waitFor();
  for (const page of [one.page, second]) await entry(page, "sign-in-again").waitFor();
  await one.page.locator("#password").fill(ANOTHER);
  await one.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await one.page.getByText(/The password is wrong/).waitFor();
  await one.page.locator("#password").fill(`${ANOTHER}-again`);
  await one.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await open(one.page, "#lobby");
  await hear(one.page, "Before the change");
  await say(one.page, "Here again");
  await hear(third, "Here again");
});

story("the keys are shown by a key, and everything is reached without a pointer", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterLobby(page);
  await page.locator("#timeline").focus();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.getByText("search everything").waitFor();
  assert.ok((await sheet.locator(".shortcut").count()) > 20);
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  await page.locator("#timeline:focus").waitFor();
  // While one writes it is a question mark.
  await page.locator("#composer-text").focus();
  await page.keyboard.type("Why?");
  assert.equal(await page.locator("#composer-text").inputValue(), "Why?");
  await page.keyboard.press("Control+k");
  await page.locator("#search-field:focus").waitFor();
  await page.keyboard.press("Alt+n");
  await page.locator("#begin-name:focus").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+,");
  await page.locator('[data-view="settings"]').waitFor();
  await page.keyboard.press("Escape");
  await page.locator('[data-view="settings"]').waitFor({ state: "detached" });
  await page.keyboard.press("Alt+i");
  await page.locator('[data-view="details"]').waitFor();
  await page.keyboard.press("Alt+i");
  await page.locator('[data-view="details"]').waitFor({ state: "detached" });
  await page.locator("#search-field").focus();
  await page.keyboard.press("F6");
  await page.locator("#timeline:focus").waitFor();
});

/** Counts how often a page asks the browser to keep what it stores. */
const ASKED = () => {
  globalThis.askedToKeep = 0;
  const { persist } = StorageManager.prototype;
  StorageManager.prototype.persist = function () {
    globalThis.askedToKeep += 1;
    return persist.call(this);
  };
};

story("the browser is asked to keep what is here, of a newcomer and of a device that is added", running, async (stage) => {
  const page = await stage.page();
  await page.addInitScript(ASKED);
  await register(page, stage.server, "keeper");
  assert.ok((await page.evaluate(() => globalThis.askedToKeep)) > 0, "after registration");
  const second = await stage.page();
  await second.addInitScript(ASKED);
  // Why, it is said before.
  await second.goto(`${stage.server.url}/`);
  await second.getByRole("button", { name: "I have an account" }).click();
  await second.getByText("If your browser then asks whether this page may keep its data, say yes").waitFor();
  assert.equal(await second.evaluate(() => globalThis.askedToKeep), 0);
  await signIn(second, stage.server, "keeper");
  await second.locator('[data-view="list"]').waitFor();
  assert.ok((await second.evaluate(() => globalThis.askedToKeep)) > 0, "after signing in");
});
