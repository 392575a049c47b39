// What becomes of a device: closed and opened again, without a network, in two tabs, locked, signed out, lost.

import assert from "node:assert/strict";

import { loseEverything, loseFiles, ownFiles } from "../support/files.mjs";
import { enterLobby, hear, lock, message, open, say, sent, signIn } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);

async function openSettings(page, part) {
  await page.getByRole("button", { name: "Settings", exact: true }).first().click();
  if (part) await page.getByRole("tab", { name: part }).click();
}

story("what was said is still there after a reload", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterLobby(page);
  await say(page, "Still here");
  await sent(page, "Still here");
  await page.reload();
  await page.locator('[data-view="list"]').getByText("#lobby").first().click();
  await hear(page, "Still here");
});

story("without a network it opens, and what is written goes out when it is back", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await enterLobby(one.page);
  await enterLobby(other.page);
  await say(one.page, "Before");
  await hear(other.page, "Before");
  await one.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  // Only a page that is loaded under the service worker is served by it.
  await one.page.reload();
  await one.page.locator('[data-view="list"]').waitFor();

  await one.page.context().setOffline(true);
  await one.page.reload();
  await one.page.locator('[data-view="list"]').getByText("#lobby").first().click();
  await hear(one.page, "Before");
  await say(one.page, "Written in a tunnel");
  await message(one.page, "Written in a tunnel").waitFor();
  await one.page.locator('[data-view="strip"][data-state="offline"]').filter({ visible: true }).waitFor();
  await one.page.context().setOffline(false);
  await hear(other.page, "Written in a tunnel");
  await sent(one.page, "Written in a tunnel");
});

story("a second tab offers to take over, and the first one can take it back", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterLobby(page);
  await say(page, "From the first tab");
  await sent(page, "From the first tab");
  const second = await page.context().newPage();
  await second.goto(`${stage.server.url}/`);
  await entry(second, "elsewhere").waitFor();
  await second.getByRole("button", { name: "Go on here" }).click();
  await second.locator('[data-view="list"]').getByText("#lobby").first().click();
  await hear(second, "From the first tab");
  await entry(page, "taken-over").waitFor();
  await page.getByRole("button", { name: "Go on here" }).click();
  await entry(second, "taken-over").waitFor();
  await page.locator('[data-view="list"]').waitFor();
});

story("a locked device opens with its password alone, and what was not sent goes out then", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await enterLobby(one.page);
  await enterLobby(other.page);
  await one.page.context().setOffline(true);
  await say(one.page, "Not sent yet");
  await message(one.page, "Not sent yet").waitFor();
  await lock(one.page);
  await one.page.context().setOffline(false);

  const kept = await deviceRecord(one.page);
  assert.ok(kept.sealed && !kept.wrapping && !kept.wrapped, "only the key under the password is kept");

  await one.page.reload();
  await entry(one.page, "locked").waitFor();
  await one.page.locator("#password").fill("another-password-than-this");
  await one.page.getByRole("button", { name: "Open" }).click();
  await one.page.getByText('The password is wrong').first().waitFor();
  await one.page.locator("#password").fill(PASSWORD);
  await one.page.getByRole("button", { name: "Open" }).click();
  await one.page.locator('[data-view="list"]').waitFor();
  await hear(other.page, "Not sent yet");
});

story("signing out leaves nothing that could be read", running, async (stage) => {
  const { page, name } = await stage.newcomer("member");
  await enterLobby(page);
  await say(page, "A word that must not stay behind");
  await sent(page, "A word that must not stay behind");
  await openSettings(page, "Account");
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.locator("#account-password").fill(PASSWORD);
  await page.locator('[data-view="password-form"]').getByRole("button", { name: "Sign out" }).click();
  await entry(page, "welcome").or(page.locator("#username")).first().waitFor();
  const kept = await deviceRecord(page);
  assert.ok(!kept?.sealed && !kept?.username, "nothing says who was here");
  assert.deepEqual(await marks(page), []);
  assert.deepEqual((await inFiles(page, "A word that must not stay behind")).holding, []);

  // The account is as it was.
  await signIn(page, stage.server, name);
  await page.locator('[data-view="list"]').getByText("#lobby").first().waitFor();
});

story("the database cannot be read without its key", running, async (stage) => {
  const { page } = await stage.newcomer("member");
  await enterLobby(page);
  await say(page, "Nobody finds this in the files");
  await sent(page, "Nobody finds this in the files");
  const { files, holding } = await inFiles(page, "Nobody finds this in the files");
  assert.ok(files.some((file) => file.size > 0), "there is a database to look at");
  assert.deepEqual(holding, []);
  assert.deepEqual((await inFiles(page, "SQLite format 3")).holding, [], "not even that it is a database");
});

story("a wrong password is said as such", running, async (stage) => {
  const { name } = await stage.newcomer("member");
  const page = await stage.page();
  await signIn(page, stage.server, name, "certainly-not-this-password");
  await page.getByText(/wrong/i).first().waitFor();
  assert.equal(await page.locator("#username").inputValue(), name, "what was typed is still there");
});

story("a session that the server ended asks for the password, and loses nothing", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await enterLobby(one.page);
  await enterLobby(other.page);
  await say(one.page, "While I may");
  await hear(other.page, "While I may");
  const { url, claim } = stage.server;
  await stage.server.terminal("keeper", "register", "keeper", "--server", url, "--claim", claim);
  await stage.server.terminal("keeper", "admin", "kick", one.name);
  await entry(one.page, "sign-in-again").waitFor();
  await one.page.locator("#password").fill(PASSWORD);
  await one.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await one.page.locator('[data-view="list"]').getByText("#lobby").first().click();
  await hear(one.page, "While I may");
  await say(one.page, "And again");
  await hear(other.page, "And again");
});

story("a database that the browser threw away is noticed, and one begins anew", running, async (stage) => {
  const { page, name } = await stage.newcomer("member");
  await enterLobby(page);
  // A page that is gone has its files open no more, once its worker has ended as well.
  await page.close();
  const elsewhere = await stage.contexts.at(-1).newPage();
  await elsewhere.goto(`${stage.server.url}/api/v1/server`);
  await loseFiles(elsewhere);
  await elsewhere.goto(`${stage.server.url}/`);
  await entry(elsewhere, "lost").waitFor();
  await elsewhere.getByRole("button", { name: "Begin anew" }).click();
  await elsewhere.getByRole("button", { name: "Forget and begin anew" }).click();
  // A page that goes away while it is asked to forget has not been asked.
  await entry(elsewhere, "welcome").waitFor();
  await signIn(elsewhere, stage.server, name);
  await elsewhere.locator('[data-view="list"]').getByText("#lobby").first().waitFor();
});

story("a browser that threw everything away says so, and one is a new device by signing in again", running, async (stage) => {
  const { page, name } = await stage.newcomer("member");
  await enterLobby(page);
  const [mark] = await marks(page);
  const { value, path, secure, sameSite } = mark;
  assert.deepEqual({ value, path, secure, sameSite }, { value: "", path: "/", secure: true, sameSite: "Strict" });
  assert.ok(!JSON.stringify(mark).includes(name), "it says of nobody that they were here");

  await page.goto(`${stage.server.url}/api/v1/server`);
  await loseEverything(page);
  // Also where a link is opened that lets newcomers in.
  await page.goto(stage.server.link);
  await entry(page, "gone").waitFor();
  await page.getByText("Your account is unharmed, and other devices still have everything.").waitFor();
  await page.reload();
  await entry(page, "gone").waitFor();
  await page.getByRole("button", { name: "Français" }).click();
  await page.getByText("Votre compte n'a rien, et vos autres appareils ont toujours tout.").waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByText("this becomes a new device of your account").waitFor();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("#username").fill(name);
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await open(page, "#lobby");
  await say(page, "From a new device");
  await sent(page, "From a new device");
});

story("who was away too long for a browser that is not their own finds it locked, and loses nothing", running, async (stage) => {
  const page = await stage.page();
  await page.goto(stage.server.link);
  await page.locator("#username").fill("seldom-here");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("switch", { name: /^Stay signed in/ }).uncheck();
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await enterLobby(page);
  await say(page, "Before going away");
  await sent(page, "Before going away");
  await page.goto(`${stage.server.url}/api/v1/server`);
  await letPass(page, 16 * 60_000);
  await page.goto(`${stage.server.url}/`);
  await entry(page, "locked").waitFor();
  const kept = await deviceRecord(page);
  assert.ok(kept.sealed && !kept.wrapping && !kept.wrapped, "only the key under the password is kept");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await open(page, "#lobby");
  await hear(page, "Before going away");
});

story("a locked device says which password opens it, where it was changed on another one", running, async (stage) => {
  const one = await stage.newcomer("member");
  const second = await stage.page();
  await signIn(second, stage.server, one.name);
  await second.locator('[data-view="list"]').waitFor();
  await lock(second);
  await entry(second, "locked").getByText(`that @${one.name} last signed in with or chose on this device`).waitFor();

  await openSettings(one.page, "Account");
  await one.page.getByRole("button", { name: "Change the password" }).click();
  const form = one.page.locator('[data-view="password-form"]');
  await form.locator("#account-password").fill(PASSWORD);
  await form.locator("#account-new-password").fill(`${PASSWORD}-of-today`);
  await form.getByRole("button", { name: "Save" }).click();
  await one.page.locator('[data-view="toast"]').getByText("Done.").waitFor();

  await second.locator("#password").fill(`${PASSWORD}-of-today`);
  await second.getByRole("button", { name: "Open", exact: true }).click();
  await second.getByText("one that was changed on another device does not count here").waitFor();
  await second.locator("#password").fill(PASSWORD);
  await second.getByRole("button", { name: "Open", exact: true }).click();
  await second.locator('[data-view="list"]').or(entry(second, "sign-in-again")).first().waitFor();
});

story("a server that is killed while one sends loses nothing", running, async (stage) => {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await enterLobby(one.page);
  await enterLobby(other.page);
  await say(one.page, "Just before");
  await hear(other.page, "Just before");
  await stage.server.kill();
  await say(one.page, "While it was away");
  await message(one.page, "While it was away").waitFor();
  await stage.server.run();
  await sent(one.page, "While it was away");
  await hear(other.page, "While it was away");
  assert.equal(await other.page.getByText("While it was away", { exact: true }).count(), 1, "and shown once");
});

/** The marks that this browser keeps of somebody being signed in, and sends to the server. */
async function marks(page) {
  const cookies = await page.context().cookies();
  return cookies.filter(({ name }) => name.startsWith("__Host-huis-here"));
}

/** Lets so many milliseconds pass while no page has the device: it was attended so much earlier. */
function letPass(page, ms) {
  return page.evaluate(
    (ms) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("huis-device", 1);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const transaction = opening.result.transaction("device", "readwrite");
          const store = transaction.objectStore("device");
          store.get(1).onsuccess = ({ target: { result } }) => store.put({ ...result, attendedAt: result.attendedAt - ms }, 1);
          transaction.oncomplete = () => {
            opening.result.close();
            resolve();
          };
          transaction.onabort = () => reject(transaction.error);
        };
      }),
    ms,
  );
}

/** What the browser keeps of the device beside the database. */
function deviceRecord(page) {
  return page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open("huis-device", 1);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const request = database.transaction("device").objectStore("device").get(1);
          request.onsuccess = () => {
            database.close();
            const record = request.result;
            resolve(record && Object.fromEntries(Object.entries(record).map(([key, value]) => [key, Boolean(value)])));
          };
        };
      }),
  );
}

/** What lies in the page's own files, and which of them hold this text. */
async function inFiles(page, text) {
  // Another page of the same origin, so that nobody has the files open.
  await page.goto(`${page.url().split("/").slice(0, 3).join("/")}/api/v1/server`);
  return ownFiles(page, text);
}
