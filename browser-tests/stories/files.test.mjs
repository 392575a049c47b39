// Files: sent, fetched, looked at, refused; and what a browser keeps of them.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { assertSame, bytes, choose, download, fileIsSent, fileOf, ownFiles, photo, sendChosen, sound } from "../support/files.mjs";
import { enterLobby, hear } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server("--file-size-mib", "24");
const MIB = 1024 * 1024;
/** What a page keeps beside its database. */
const KEPT = "/.huis-files-1/";

/** Requests can be stopped on their way only where no service worker stands on it. */
const UNSERVED = { serviceWorkers: "block" };

async function two(stage, options) {
  const [one, other] = [await stage.newcomer("member", options), await stage.newcomer("member")];
  await enterLobby(one.page);
  await enterLobby(other.page);
  return [one.page, other.page];
}

story("files go from one browser to another, and are the same", running, async (stage) => {
  const [page, other] = await two(stage);
  const large = bytes(9 * MIB + 12_345);
  await choose(
    page,
    { name: "large.bin", mimeType: "application/octet-stream", buffer: large },
    { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) },
    { name: "ünder‮gpj.exe", mimeType: "text/plain", buffer: Buffer.from("x") },
  );
  await sendChosen(page, "Three of them");
  await hear(other, "Three of them");
  const saved = await download(other, "large.bin");
  assertSame(saved.bytes, large);
  assert.equal(saved.name, "large.bin");
  assertSame((await download(other, "empty.txt")).bytes, Buffer.alloc(0));
  // Marks of direction are gone from the name.
  assert.equal((await download(other, "ündergpj.exe")).name, "ündergpj.exe");
  // What was saved is not kept here as well, and neither is what was sent.
  for (const one of [page, other]) {
    await one.locator('.file:not([data-state="none"])').first().waitFor({ state: "detached" });
    await one.waitForFunction(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle(".huis-files-1").catch(() => undefined);
      if (!folder) return true;
      for await (const _ of folder.keys()) return false;
      return true;
    });
  }
  // The sender finds it in the list of the conversation's files.
  await page.locator("button.talk-title").click();
  await page.locator('[data-view="files"]').getByText("large.bin", { exact: true }).waitFor();
});

story("an upload goes on after a reload, and what it was copied to tells nothing", running, async (stage) => {
  const [page, other] = await two(stage, UNSERVED);
  const secret = "nobody reads the roses are blue";
  const large = Buffer.concat([bytes(6 * MIB), Buffer.from(secret), bytes(3 * MIB + 7)]);
  await choose(page, { name: "roses.bin", mimeType: "", buffer: large });
  let parts = 0;
  await page.context().route("**/api/v1/files/*", (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    parts += 1;
    return parts > 1 ? route.abort() : route.continue();
  });
  const half = new Promise((resolve) => page.context().on("requestfailed", (request) => request.method() === "PATCH" && resolve()));
  await sendChosen(page);
  await half;
  const kept = await ownFiles(page, secret);
  const copies = kept.files.filter((file) => file.path.startsWith(KEPT));
  assert.equal(copies.length, 1);
  assert.ok(copies[0].size > large.length, "the copy is here");
  assert.deepEqual(kept.holding, []);
  assert.deepEqual((await ownFiles(page, "roses.bin")).holding, []);

  await page.reload();
  await page.locator('[data-view="list"]').getByText("#lobby").first().click();
  await fileOf(page, "roses.bin").waitFor();
  await page.context().unroute("**/api/v1/files/*");
  await fileIsSent(page, "roses.bin");
  assertSame((await download(other, "roses.bin")).bytes, large);
});

story("an upload goes on where the server is killed meanwhile, and says how fast it goes and how long it takes", running, async (stage) => {
  const [page, other] = await two(stage, UNSERVED);
  const large = bytes(20 * MIB + 7);
  await choose(page, { name: "tulips.bin", mimeType: "", buffer: large });
  let parts = 0;
  let letGo;
  const isSeen = new Promise((resolve) => (letGo = resolve));
  let killed;
  const isKilled = new Promise((resolve) => (killed = resolve));
  await page.context().route("**/api/v1/files/*", async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    parts += 1;
    // The second part waits until one has looked at the first, and comes to a server that is not there any more.
    if (parts === 2) {
      await isSeen;
      await stage.server.kill();
      killed();
    }
    return route.continue();
  });
  await sendChosen(page);
  await fileOf(page, "tulips.bin").locator(".about").filter({ hasText: /^[\d.,]+ [kM]B of 21 MB · [\d.,]+ [kM]?B\/s · \d+ (second|minute|hour)s? left$/ }).waitFor();
  letGo();
  await isKilled;
  await stage.server.run();
  await fileIsSent(page, "tulips.bin");
  await fileOf(other, "tulips.bin").waitFor();
  assertSame((await download(other, "tulips.bin")).bytes, large);
});

story("a transfer can be paused, resumed and cancelled", running, async (stage) => {
  const [page] = await two(stage, UNSERVED);
  await page.context().route("**/api/v1/files/*", (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await choose(page, { name: "slow.bin", mimeType: "", buffer: bytes(2 * MIB) });
  await sendChosen(page);
  await page.getByRole("button", { name: "Pause slow.bin" }).click();
  await page.locator('.file[data-state="paused"]').waitFor();
  await page.getByRole("button", { name: "Go on with slow.bin" }).click();
  await page.getByRole("button", { name: "Pause slow.bin" }).waitFor();
  await page.getByRole("button", { name: "Cancel slow.bin" }).click();
  await page.getByTestId("confirm-yes").click();
  await fileOf(page, "slow.bin").waitFor({ state: "detached" });
});

story("a picture is seen at once, and looked at without leaving the page", running, async (stage) => {
  const [page, other] = await two(stage);
  await choose(page, { name: "garden.jpg", mimeType: "image/jpeg", buffer: await photo(page) });
  await sendChosen(page);
  await choose(page, { name: "second.jpg", mimeType: "image/jpeg", buffer: await photo(page, { width: 300, height: 900 }) });
  await sendChosen(page);
  await fileIsSent(page, "second.jpg");

  const small = other.locator('button.picture[data-name="garden.jpg"] img');
  await small.waitFor();
  const box = await small.boundingBox();
  assert.ok(Math.abs(box.width / box.height - 1.5) < 0.02, "in its own shape");
  await other.locator('button.picture[data-name="garden.jpg"]').click();
  const viewer = other.locator('[data-view="viewer"][data-state="ready"]');
  await viewer.waitFor();
  const image = viewer.locator("img");
  assert.match(await image.getAttribute("src"), /^blob:/);
  assert.equal(await image.evaluate((image) => image.naturalWidth), 1200);
  const before = (await image.boundingBox()).width;
  await other.keyboard.press("+");
  assert.ok((await image.boundingBox()).width > before * 1.4, "it comes nearer");
  await other.keyboard.press("ArrowRight");
  await other.locator('[data-view="viewer"][data-state="ready"]').getByRole("heading", { name: "second.jpg" }).waitFor();
  await viewer.waitFor();
  assert.equal(await image.evaluate((image) => image.naturalHeight), 900);
  const url = await image.getAttribute("src");
  await other.keyboard.press("Escape");
  await other.locator('[data-view="viewer"]').waitFor({ state: "detached" });
  const isGone = (url) => Object.assign(new Image(), { src: url }).decode().then(() => false, () => true);
  assert.ok(await other.evaluate(isGone, url), "nothing of it stays in the page");
  assert.equal(await other.evaluate(() => document.activeElement.dataset.name), "second.jpg");
});

story("a photo goes without what says where it was taken, unless one wishes", running, async (stage) => {
  const [page, other] = await two(stage);
  const place = "48.8583 N 2.2944 E";
  const taken = await photo(page, { place });
  assert.ok(taken.includes(place));
  await choose(page, { name: "trip.jpg", mimeType: "image/jpeg", buffer: taken });
  const wish = page.getByRole("switch", { name: "Photos without place and camera" });
  assert.ok(await wish.isChecked());
  await sendChosen(page);
  await fileOf(other, "trip.jpg").waitFor();
  const stripped = await download(other, "trip.jpg");
  assert.ok(!stripped.bytes.includes(place));
  assert.ok(stripped.bytes.length < taken.length);

  await choose(page, { name: "whole.jpg", mimeType: "image/jpeg", buffer: taken });
  await wish.uncheck();
  await sendChosen(page);
  await fileOf(other, "whole.jpg").waitFor();
  assertSame((await download(other, "whole.jpg")).bytes, taken);
});

story("of what nothing is taken out, that is said before it goes", running, async (stage) => {
  const { page } = await stage.newcomer("member", { viewport: PHONE });
  await enterLobby(page);
  const said = page.locator('[data-view="tray-note"]');
  const file = (name, mimeType) => ({ name, mimeType, buffer: Buffer.from("x") });
  await choose(page, file("trip.jpg", "image/jpeg"), file("notes.txt", "text/plain"));
  assert.equal(await said.count(), 0, "of a photo it is taken out, and a text has none");
  for (const [name, mimeType] of [["IMG_0001.HEIC", "image/heic"], ["beach.tiff", "image/tiff"], ["film.mov", "video/quicktime"]]) {
    await choose(page, file(name, mimeType));
    await said.getByText(/Nothing is taken out of films/).waitFor();
    const box = await said.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width, `${name}: on a phone, too`);
    await page.getByRole("button", { name: `Take ${name} out` }).click();
    await said.waitFor({ state: "detached" });
  }
  assert.deepEqual(await page.locator(".tray-file .file-name").allInnerTexts(), ["trip.jpg", "notes.txt"]);
});

story("what a browser would run is saved and never opened", running, async (stage) => {
  const [page, other] = await two(stage);
  const harm = '<script>document.title = "taken over"; fetch("/taken-over")</script>';
  for (const name of ["page.html", "picture.svg"]) {
    await choose(page, { name, mimeType: name.endsWith("svg") ? "image/svg+xml" : "text/html", buffer: Buffer.from(harm) });
    await sendChosen(page);
    await fileOf(other, name).waitFor();
    const asked = [];
    other.on("request", (request) => asked.push(request.url()));
    const types = await other.evaluate(() => {
      const made = [];
      const make = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        made.push(blob.type);
        return make.call(URL, blob);
      };
      globalThis.madeTypes = made;
    });
    assert.equal(types, undefined);
    const saved = await download(other, name);
    assert.equal(saved.bytes.toString(), harm);
    assert.deepEqual(await other.evaluate(() => globalThis.madeTypes), ["application/octet-stream"]);
    assert.equal(other.context().pages().length, 1);
    assert.notEqual(await other.title(), "taken over");
    assert.ok(!asked.some((url) => url.endsWith("/taken-over")));
    await other.reload();
    await other.locator('[data-view="list"]').getByText("#lobby").first().click();
    await other.locator("#composer-text").waitFor();
  }
});

story("sound plays in place while it comes, whatever becomes of the service worker", running, async (stage) => {
  const [page, other] = await two(stage);
  await choose(page, { name: "birds.wav", mimeType: "audio/wav", buffer: sound(60) });
  await sendChosen(page);
  await fileIsSent(page, "birds.wav");
  await fileOf(other, "birds.wav").waitFor();
  await other.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await other.reload();
  await other.locator('[data-view="list"]').getByText("#lobby").first().click();
  const audio = other.locator('video.is-sound[aria-label="birds.wav"]');
  await audio.waitFor();
  const duration = await audio.evaluate(
    (audio) =>
      new Promise((resolve, reject) => {
        audio.onloadedmetadata = () => resolve(audio.duration);
        audio.onerror = () => reject(new Error(audio.error.message));
        audio.preload = "metadata";
        audio.load();
      }),
  );
  assert.equal(Math.round(duration), 60);
  const cdp = await other.context().newCDPSession(other);
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.stopAllWorkers");
  const place = await audio.evaluate(
    (audio) =>
      new Promise((resolve, reject) => {
        audio.onerror = () => reject(new Error(audio.error.message));
        audio.onseeked = () => resolve([audio.currentTime, audio.readyState]);
        audio.currentTime = 50;
      }),
  );
  assert.ok(place[0] === 50 && place[1] >= 2, "it is there at the 50th second");
  // What plays is no page: whoever asks otherwise gets nothing.
  const source = await audio.getAttribute("src");
  assert.equal(await other.evaluate((source) => fetch(source).then((answer) => answer.status), source), 404);
});

story("files are dropped and pasted, and a file that is too large says so", running, async (stage) => {
  const [page, other] = await two(stage);
  const give = (kind, name) =>
    page.evaluate(
      ([kind, name]) => {
        const data = new DataTransfer();
        data.items.add(new File(["roses"], name, { type: "text/plain" }));
        const options = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
        const event = kind === "drop" ? new DragEvent("drop", options) : new ClipboardEvent("paste", options);
        document.getElementById("composer-text").dispatchEvent(event);
      },
      [kind, name],
    );
  await give("drop", "dropped.txt");
  await give("paste", "pasted.txt");
  await page.locator('.tray-file[data-state="ready"]').nth(1).waitFor();
  await page.getByRole("button", { name: "Take dropped.txt out" }).click();
  await sendChosen(page);
  await fileOf(other, "pasted.txt").waitFor();
  assert.equal(await fileOf(other, "dropped.txt").count(), 0);

  await choose(page, { name: "huge.bin", mimeType: "", buffer: bytes(25 * MIB) });
  await sendChosen(page);
  const trouble = page.locator(".message.has-failed .trouble");
  await trouble.waitFor();
  assert.match(await trouble.innerText(), /large|big|MB|MiB|bytes/i);
  await trouble.getByRole("button", { name: "Discard" }).click();
  await page.getByTestId("confirm-yes").click();
  await fileOf(page, "huge.bin").waitFor({ state: "detached" });
});

story("nothing of files can be read once somebody has signed out", running, async (stage) => {
  const [page] = await two(stage, UNSERVED);
  const secret = "the tulips are read by nobody else";
  await page.context().route("**/api/v1/files/*", (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await choose(page, { name: "tulips.txt", mimeType: "text/plain", buffer: Buffer.from(secret.repeat(5000)) });
  await sendChosen(page);
  await fileOf(page, "tulips.txt").waitFor();
  const before = await ownFiles(page, secret);
  assert.equal(before.files.filter((file) => file.path.startsWith(KEPT)).length, 1);
  assert.deepEqual(before.holding, []);
  await page.getByRole("button", { name: "Settings", exact: true }).first().click();
  await page.getByRole("tab", { name: "Account" }).click();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.locator("#account-password").fill(PASSWORD);
  await page.locator('[data-view="password-form"]').getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign out anyway" }).click();
  await page.locator('[data-view="entry"][data-state="welcome"]').or(page.locator("#username")).first().waitFor();
  const after = await ownFiles(page, secret);
  assert.deepEqual(after.holding, []);
  assert.deepEqual(after.files.filter((file) => file.path.startsWith(KEPT)), []);
});
