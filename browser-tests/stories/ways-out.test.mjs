// Where the app cannot go on by itself: each says what it is, has a way out, and can be used by everybody, light and dark.

import assert from "node:assert/strict";

import { checkInBoth } from "../support/axe.mjs";
import { DESKTOP, PHONE } from "../support/browser.mjs";
import { loseEverything } from "../support/files.mjs";
import { UNSERVED } from "../support/journey.mjs";
import { createAccount, enterLobby, hear, open, register, say, sent, signIn } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
/** Whoever looks after the server, once they are there. */
let keeper;
const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);

/** The script of the app's dedicated worker, and not that of a module which it loads. */
const WORKER = /\/worker-[0-9a-f]{16}\.js$/;

/** Has this run in the page's worker before it looks for anything. */
function inWorker(context, script) {
  return context.route(WORKER, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${script}\n${await response.text()}` });
  });
}

for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  const options = { viewport, reducedMotion: "reduce", ...UNSERVED };

  story(`a window that keeps no files says so: ${size}`, running, async (stage) => {
    const page = await stage.page(options);
    // As private windows of some browsers do.
    const refuses = 'StorageManager.prototype.getDirectory = async () => { throw new DOMException("Not here", "SecurityError"); };';
    await inWorker(page.context(), refuses);
    await page.goto(`${stage.server.url}/`);
    await entry(page, "no-files").getByText("This window keeps nothing").waitFor();
    await checkInBoth(page, "no files");
    await page.context().unroute(WORKER);
    await page.getByRole("button", { name: "Load anew" }).click();
    await entry(page, "welcome").waitFor();
  });

  // No version is newer than this one: what the engine says of such a database is told by its own tests.
  story(`a page that another version has left behind says so: ${size}`, running, async (stage) => {
    const page = await stage.page(options);
    const said = { standing: { unable: { missing: "newer-version", reason: "the database has schema 2, and 1 is known" } } };
    await page.context().route(WORKER, (route) =>
      route.fulfill({ contentType: "text/javascript", body: `self.postMessage(${JSON.stringify(JSON.stringify(said))});` }),
    );
    await page.goto(`${stage.server.url}/`);
    await entry(page, "newer-version").getByText("A newer Huis is here").waitFor();
    await page.locator(".diagnosis").getByText("schema 2").waitFor();
    await checkInBoth(page, "a newer version");
    await page.context().unroute(WORKER);
    await page.getByRole("button", { name: "Load anew" }).click();
    await entry(page, "welcome").waitFor();
  });

  story(`a browser that cannot run the engine says so, and what the browser said: ${size}`, running, async (stage) => {
    const page = await stage.page(options);
    await page.context().route("**/worker-*.wasm", (route) => route.abort());
    await page.goto(`${stage.server.url}/`);
    await entry(page, "unable").getByText("Huis cannot run here").waitFor();
    assert.notEqual((await page.locator(".diagnosis").innerText()).trim(), "");
    await checkInBoth(page, "unable");
    await page.context().unroute("**/worker-*.wasm");
    await page.getByRole("button", { name: "Load anew" }).click();
    await entry(page, "welcome").waitFor();
  });

  story(`a page that does not start says so in both languages: ${size}`, running, async (stage) => {
    const page = await stage.page(options);
    await page.context().route("**/ui-*.wasm", (route) => route.abort());
    await page.goto(`${stage.server.url}/`);
    await page.locator('body[data-state="broken"]').waitFor();
    const broken = page.getByRole("alert");
    await broken.getByText("Huis has stopped.").waitFor();
    await broken.getByText("Huis s'est arrêté.").waitFor();
    await checkInBoth(page, "broken");
    await page.context().unroute("**/ui-*.wasm");
    await broken.getByRole("link", { name: "Load it anew" }).click();
    await entry(page, "welcome").waitFor();
  });

  story(`a page without protection, and one that is still opening, can be used by everybody: ${size}`, running, async (stage) => {
    const { url } = stage.server;
    const slow = await stage.page(options);
    let letGo;
    const isSeen = new Promise((resolve) => (letGo = resolve));
    await slow.context().route("**/worker-*.wasm", (route) => isSeen.then(() => route.continue()));
    await slow.goto(`${url}/`);
    await slow.locator('[data-view="opening"] .skeleton').waitFor();
    await checkInBoth(slow, "opening");
    letGo();
    await entry(slow, "welcome").waitFor();

    const plain = await stage.page(options);
    stage.server = Object.assign(Object.create(stage.server), { url: "http://huis.test" });
    await plain.context().route("http://huis.test/**", async (route) => {
      await route.fulfill({ response: await route.fetch({ url: url + new URL(route.request().url()).pathname }) });
    });
    await plain.goto("http://huis.test/");
    await entry(plain, "insecure").waitFor();
    await checkInBoth(plain, "insecure");
    // What was asked for at the other address was asked for at the own server.
    slow.context().foreign.length = 0;
  });

  story(`the ways back in can be used by everybody: ${size}`, running, async (stage) => {
    const name = `back-on-a-${size}`;
    const first = await stage.page({ viewport, reducedMotion: "reduce" });
    await register(first, stage.server, name);
    const second = await first.context().newPage();
    await second.goto(`${stage.server.url}/`);
    await second.getByRole("button", { name: "Go on here" }).click();
    await second.locator('[data-view="list"]').waitFor();
    await entry(first, "taken-over").waitFor();
    await checkInBoth(first, "taken over");
    await first.close();

    const { url, claim } = stage.server;
    keeper ??= stage.server.terminal("keeper", "register", "keeper", "--server", url, "--claim", claim);
    await keeper;
    await stage.server.terminal("keeper", "admin", "kick", name);
    await entry(second, "sign-in-again").waitFor();
    await checkInBoth(second, "sign in again");

    await second.goto(`${stage.server.url}/api/v1/server`);
    await loseEverything(second);
    await second.goto(`${stage.server.url}/`);
    await entry(second, "gone").waitFor();
    await checkInBoth(second, "all gone");
  });
}

story("an engine that stops by itself is said to have stopped, and goes on when the page is loaded anew", running, async (stage) => {
  const { page } = await stage.newcomer("member", { viewport: PHONE, reducedMotion: "reduce" });
  await enterLobby(page);
  await say(page, "Before it stopped");
  await sent(page, "Before it stopped");
  // A fault in the middle of it: the next thing that it does ends in nothing.
  await page.workers()[0].evaluate(() => {
    Date.now = () => {
      throw new Error("a fault of the tests");
    };
  });
  await say(page, "Into nothing");
  await entry(page, "ended").getByText("Huis has stopped").waitFor();
  await page.getByText("Everything that was sent and kept is safe.").waitFor();
  await page.locator(".diagnosis").getByText("a fault of the tests").waitFor();
  await checkInBoth(page, "ended");
  const faults = stage.contexts.at(-1).errors.splice(0);
  assert.ok(faults.every((fault) => fault.includes("a fault of the tests")), faults.join());
  await page.getByRole("button", { name: "Load anew" }).click();
  await open(page, "#lobby");
  await hear(page, "Before it stopped");
});

story("a registration whose answer was lost is asked for again by its name, and becomes the same account", running, async (stage) => {
  const page = await stage.page({ viewport: PHONE, reducedMotion: "reduce", ...UNSERVED });
  const FINISH = "**/api/v1/registrations/finish";
  let made;
  const isMade = new Promise((resolve) => (made = resolve));
  await page.context().route(FINISH, async (route) => made((await route.fetch()).status()));
  await page.goto(stage.server.link);
  await page.locator("#username").fill("cut-off");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  assert.ok((await isMade) < 300, "the server has made it, and the page does not know");
  await page.goto("about:blank");
  await page.context().unroute(FINISH);

  await page.goto(`${stage.server.url}/`);
  await entry(page, "register").waitFor();
  assert.equal(await page.locator("#username").inputValue(), "cut-off");
  await checkInBoth(page, "a registration that was cut off");
  await createAccount(page, "cut-off");
  const elsewhere = await stage.page();
  await signIn(elsewhere, stage.server, "cut-off");
  await elsewhere.locator('[data-view="list"]').waitFor();
});
