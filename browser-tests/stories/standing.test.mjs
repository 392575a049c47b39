// How a page stands by what happens to it: nobody is there, its database is damaged, another version comes, it loads, and
// what people wish of every page.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { DESKTOP, PHONE } from "../support/browser.mjs";
import { acquainted, confirm, drawnAnew, enterLobby, enterRoom, hear, loseNetwork, message, open, say, sent, signIn } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";
import { changing } from "../support/traffic.mjs";

const running = server();
const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);

story("whoever did not wish to stay is locked out after a quiet time, and loses nothing", running, async (stage) => {
  const other = await stage.newcomer("member");
  await enterLobby(other.page);
  const page = await stage.page();
  await page.goto(stage.server.link);
  await page.locator("#username").fill("passer-by");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("switch", { name: /^Stay signed in/ }).uncheck();
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "I have kept it" }).click();
  await enterLobby(page);
  await say(page, "I am passing by");
  await hear(other.page, "I am passing by");
  await loseNetwork(page);
  await open(page, "#lobby");
  await say(page, "Not sent before it locks");
  await message(page, "Not sent before it locks").waitFor();
  await page.locator("#composer-text").fill("Half a sentence");

  // A quarter of an hour goes by for the worker, which looks at its clock now and then.
  const worker = page.workers()[0];
  await worker.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 16 * 60_000;
  });
  await entry(page, "locked").waitFor();
  assert.equal(await page.getByText("Half a sentence").count(), 0, "nothing stays on the page");
  await page.context().setOffline(false);
  await page.reload();
  await entry(page, "locked").waitFor();
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await open(page, "#lobby");
  await hear(other.page, "Not sent before it locks");
  assert.equal(await page.locator("#composer-text").inputValue(), "Half a sentence");
});

/** Overwrites what a page keeps in its own files while it is closed, from a byte of each file on. */
async function damage(page, from) {
  return page.evaluate(async (from) => {
    const files = async (folder) => {
      const found = [];
      for await (const entry of folder.values()) found.push(...(entry.kind === "directory" ? await files(entry) : [entry]));
      return found;
    };
    let damaged = 0;
    for (const file of await files(await navigator.storage.getDirectory())) {
      const { size } = await file.getFile();
      if (size <= from) continue;
      // A worker that was ended has its files open for a moment yet.
      let writable;
      while (!writable) {
        writable = await file.createWritable({ keepExistingData: true }).catch((error) => {
          if (error.name !== "NoModificationAllowedError") throw error;
        });
        if (!writable) await new Promise(requestAnimationFrame);
      }
      await writable.write({ type: "write", position: from, data: new Uint8Array(size - from).fill(0x5a) });
      await writable.close();
      damaged += 1;
    }
    return damaged;
  }, from);
}

// At its beginning stands what says that it is a database; behind the first pages, what was said.
for (const [where, from] of Object.entries({ "at its beginning": 4096, "in its middle": 64 * 1024 })) {
  story(`a database that is damaged ${where} is noticed and explained, and one begins anew`, running, async (stage) => {
    const { page, name } = await stage.newcomer("member");
    await enterLobby(page);
    await say(page, "Before the damage");
    await sent(page, "Before the damage");
    await page.goto("about:blank");
    await page.goto(`${stage.server.url}/api/v1/server`);
    assert.ok((await damage(page, from)) > 0, "there is something to damage");
    await page.goto(`${stage.server.url}/`);
    await entry(page, "lost").waitFor();
    await page.getByText("Your account is unharmed, and other devices still have everything.").waitFor();
    assert.notEqual((await page.locator(".diagnosis").innerText()).trim(), "", "what was found is told to whoever looks closer");
    await page.getByRole("button", { name: "Begin anew" }).click();
    await confirm(page);
    await entry(page, "welcome").waitFor();
    await signIn(page, stage.server, name);
    await open(page, "#lobby");
    await say(page, "After the repair");
    await sent(page, "After the repair");
    await page.reload();
    await open(page, "#lobby");
    await hear(page, "After the repair");
  });
}

story("a newer version says that it is there, and comes when one wishes", running, async (stage) => {
  const way = await changing(stage.server.url);
  stage.server = Object.assign(Object.create(stage.server), { url: way.url, link: stage.server.link.replace(stage.server.url, way.url) });
  const { page } = await stage.newcomer("member");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  // Only a page that is loaded under the service worker is served by it.
  await page.reload();
  await enterLobby(page);
  await say(page, "Under the old version");
  await sent(page, "Under the old version");
  await page.locator("#composer-text").fill("Half a sentence");
  assert.equal(await page.locator('[data-view="update"]').count(), 0);

  // A server that is exchanged goes away for a moment.
  way.change("/sw.js", (source) => source.replace(/const VERSION = "huis-/, "$&newer-"));
  way.breaks();
  const strip = page.locator('[data-view="update"]');
  await strip.getByText("A new version is ready.").waitFor();
  assert.equal(await page.locator("#composer-text").inputValue(), "Half a sentence", "nothing is loaded before one wishes");
  const loaded = page.waitForEvent("load");
  await strip.getByRole("button", { name: "Load it" }).click();
  await loaded;
  await open(page, "#lobby");
  await hear(page, "Under the old version");
  assert.equal(await strip.count(), 0);
  const kept = await page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith("huis-")));
  assert.equal(kept.length, 1);
  assert.match(kept[0], /^huis-newer-/, "the old one is gone");
  await page.waitForFunction(() => document.querySelector("#composer-text").value === "Half a sentence");

  // The next one comes while nobody looks at the page, and one comes back to it.
  way.change("/sw.js", (source) => source.replace(/const VERSION = "huis-/, "$&newest-"));
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await strip.getByText("A new version is ready.").waitFor();

  // However often one comes back, it is not looked for again before a while is over.
  const before = way.asked("/sw.js");
  for (let times = 0; times < 20; times += 1) {
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  }
  await say(page, "After looking away twenty times");
  await sent(page, "After looking away twenty times");
  assert.equal(way.asked("/sw.js"), before);
  await way.close();
});

story("a newer version says that it is there to a page that stands for hours and hears nothing else", running, async (stage) => {
  const way = await changing(stage.server.url);
  stage.server = Object.assign(Object.create(stage.server), { url: way.url, link: stage.server.link.replace(stage.server.url, way.url) });
  const { page } = await stage.newcomer("member");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.clock.install();
  const before = way.asked("/sw.js");
  await page.reload();
  await page.locator('[data-view="list"]').waitFor();
  // When a page was loaded a browser looks by itself, and then no more.
  while (way.asked("/sw.js") === before) await pause(100);
  way.change("/sw.js", (source) => source.replace(/const VERSION = "huis-/, "$&newer-"));
  await page.clock.fastForward(4 * 3600 * 1000 + 1000);
  await page.locator('[data-view="update"]').getByText("A new version is ready.").waitFor();
  await way.close();
});

/** Adds up by how much what stands on a page moves of itself, as browsers reckon it. */
const SHIFTS = () => {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (!hadRecentInput) shifts.push({ value, moved: sources.map(({ node }) => node?.className ?? node?.nodeName) });
    }
  }).observe({ type: "layout-shift", buffered: true });
};
const MOST_SHIFT = 0.01;

story("nothing moves of itself while a page loads, and it is painted before its worker is there", running, async (stage) => {
  for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    const { page } = await stage.newcomer("member", { viewport, serviceWorkers: "block" });
    await page.addInitScript(SHIFTS);
    await enterRoom(page, `loading-on-a-${size}`);
    for (let number = 1; number <= 12; number += 1) await say(page, `Number ${number}, **with** something to look at`);
    await sent(page, "Number 12, with something to look at");
    const id = await page.locator("#timeline").getAttribute("data-conversation");

    // The worker's module is held until the shape of what comes is painted.
    let letGo;
    const isPainted = new Promise((resolve) => (letGo = resolve));
    await page.context().route("**/worker-*.wasm", async (route) => {
      await isPainted;
      await route.continue();
    });
    await page.goto("about:blank");
    await page.goto(`${stage.server.url}/#open=${id}`);
    await page.locator('[data-view="opening"] .skeleton').waitFor();
    await page.waitForFunction(() => {
      const shape = document.querySelector('[data-view="opening"] .skeleton');
      return performance.getEntriesByName("first-paint").length > 0 && getComputedStyle(shape).opacity === "1";
    });
    assert.equal(await page.locator('[data-view="list"] .list-item').count(), 0, "without its worker it knows of nobody");
    letGo();
    await page.locator('.timeline[data-state="ready"]').waitFor();
    await message(page, "Number 12, with something to look at").waitFor();
    await page.locator('.list-rows[data-state="ready"]').waitFor({ state: "attached" });
    // What is in the page is painted with the next frames, and told after them.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));
    const shifts = await page.evaluate(() => shifts);
    const sum = shifts.reduce((sum, { value }) => sum + value, 0);
    assert.ok(sum <= MOST_SHIFT, `${size}: ${sum} ${JSON.stringify(shifts)}`);
  }
});

/** What is seen of motion, glass and lines on a page, by the styles that are computed. */
function look(page) {
  return page.evaluate(() => {
    const parts = (element) => [null, "::before", "::after"].map((part) => getComputedStyle(element, part));
    const all = [...document.querySelectorAll("*")].flatMap(parts);
    const seconds = (text) => Math.max(...text.split(",").map((part) => parseFloat(part) * (part.trim().endsWith("ms") ? 0.001 : 1)));
    const isSlow = (text) => seconds(text) > 0.01;
    const moving = all.filter((style) => isSlow(style.transitionDuration) || (style.animationName !== "none" && isSlow(style.animationDuration)));
    // What takes a millisecond is no motion, and to ask for a style may begin it.
    const isSeen = (animation) => animation.playState === "running" && animation.effect.getComputedTiming().endTime > 10;
    const running = document.getAnimations().filter(isSeen);
    const blurred = all.filter((style) => style.backdropFilter !== "none" || style.filter.includes("blur"));
    const paper = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const pixel = (...colours) => {
      paper.clearRect(0, 0, 1, 1);
      for (const colour of colours) {
        paper.fillStyle = colour;
        paper.fillRect(0, 0, 1, 1);
      }
      return [...paper.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([red, green, blue]) => {
      const linear = [red, green, blue].map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const contrast = (one, other) => {
      const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    };
    const ground = getComputedStyle(document.body).backgroundColor;
    const panel = (selector) => getComputedStyle(document.querySelector(selector)).backgroundColor;
    const lines = [".bubble", ".talk"].map((selector) => {
      const style = getComputedStyle(document.querySelector(selector));
      const drawn = style.outlineStyle === "none" ? "transparent" : style.outlineColor;
      return contrast(pixel(ground, panel(".talk"), drawn), pixel(ground, panel(".talk")));
    });
    const isSolid = pixel(panel(".talk"))[3] === 255;
    return { moving: moving.length, running: running.length, blurred: blurred.length, lines, isSolid };
  });
}

story("who wishes less motion, no glass or more contrast gets it", running, async (stage) => {
  const [{ page }, other] = await acquainted(stage);
  await say(page, "Something to look at");
  await hear(other.page, "Something to look at");
  // Far above, the button to the newest stands over the messages.
  for (let number = 1; number <= 4; number += 1) await say(page, `${number}\n`.repeat(12));
  // While one's own come in the page goes along with them.
  await say(page, "The last of them");
  await sent(page, "The last of them");
  await page.locator("#timeline").evaluate((view) => view.scrollTo(0, 0));
  await page.locator(".to-newest").waitFor();
  const session = await page.context().newCDPSession(page);
  const wish = (name, value) => session.send("Emulation.setEmulatedMedia", { features: name ? [{ name, value }] : [] });

  const plain = await look(page);
  assert.ok(plain.moving > 0 && plain.blurred > 0 && !plain.isSolid, `there is something to wish away: ${JSON.stringify(plain)}`);
  await wish("prefers-reduced-motion", "reduce");
  // What was moving when it was wished comes to its end, and nothing goes on beyond that.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running"));
  await drawnAnew(page);
  const still = await look(page);
  assert.deepEqual([still.moving, still.running], [0, 0]);
  await page.getByRole("button", { name: "New conversation" }).first().click();
  await page.locator("#begin-name").waitFor();
  await drawnAnew(page);
  assert.equal((await look(page)).running, 0, "a dialog does not move in");
  await page.keyboard.press("Escape");

  await wish("prefers-reduced-transparency", "reduce");
  const opaque = await look(page);
  assert.equal(opaque.blurred, 0);
  assert.ok(opaque.isSolid, "nothing shines through");

  for (const colorScheme of ["light", "dark"]) {
    await wish();
    await page.emulateMedia({ colorScheme });
    const before = await look(page);
    await page.emulateMedia({ colorScheme, contrast: "more" });
    const sharp = await look(page);
    // WCAG 2.2, 1.4.11: what parts things stands out three to one.
    assert.ok(sharp.lines.every((line, at) => line >= 3 && line > before.lines[at]), `${colorScheme}: ${JSON.stringify([before.lines, sharp.lines])}`);
    assert.ok(sharp.isSolid);
    await page.emulateMedia({ colorScheme, contrast: null });
  }
});
