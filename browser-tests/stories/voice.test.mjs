// Voice notes, recorded in the page and played where they stand; and films that are seen before they are fetched.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { PHONE } from "../support/browser.mjs";
import { choose, film, fileIsSent, fileOf, sendChosen } from "../support/files.mjs";
import { confirm, createAccount, enterLobby, hear, open, openSettings, register, say, sent, writeTo } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";
import { bar, keepMicrophone, refuseMicrophone, sendNote, speak } from "../support/voices.mjs";

const running = server();
const NOTE = /^Voice note, 0:0\d$/;
const WEBM = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);

const lines = (printed) => printed.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));

/** Sound and film play by the service worker: a page that it has from its beginning. */
async function served(page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload();
  await open(page, "#lobby");
}

async function inLobby(stage, name, options) {
  const { page } = await stage.newcomer(name, options);
  await enterLobby(page);
  return page;
}

story("what is spoken is heard by others, in a browser and in a terminal", running, async (stage) => {
  const page = await inLobby(stage, "speaker", { microphone: true });
  const other = await inLobby(stage, "listener", { viewport: PHONE });
  await stage.server.newcomerInTerminal("reader");
  await say(page, "Listen");
  await sent(page, "Listen");
  assert.match(await stage.server.terminal("reader", "receive", "--json"), /Listen/);
  await served(other);

  await speak(page);
  assert.ok(await page.locator("#composer-text").isHidden(), "the bar stands in its place");
  await sendNote(page);
  await fileIsSent(page, NOTE);

  const card = fileOf(other, NOTE).locator(".voice");
  await card.waitFor();
  assert.ok(await card.locator(".voice-wave").isVisible(), "how loud it is, is seen");
  await card.getByRole("button", { name: "Play the voice note" }).click();
  await other.waitForFunction(() => document.querySelector(".voice audio").currentTime > 0.5);
  await card.getByRole("button", { name: "1×" }).click();
  await card.getByRole("button", { name: "1.5×" }).waitFor();
  assert.equal(await card.locator("audio").evaluate((sound) => sound.playbackRate), 1.5);
  // At its end it waits to be heard again, from its beginning.
  await other.waitForFunction(() => {
    const sound = document.querySelector(".voice audio");
    return sound.paused && sound.currentTime === 0;
  });
  await card.getByRole("button", { name: "Play the voice note" }).waitFor();

  const [heard] = lines(await stage.server.terminal("reader", "receive", "--json"));
  assert.equal(heard.kind, "file");
  const [note] = heard.files;
  assert.deepEqual([note.voice, note.type, note.name], [true, "audio/webm", "voice-note.webm"]);
  assert.ok(note.duration_ms >= 2000 && note.duration_ms < 60_000, `${note.duration_ms} ms`);
  const folder = join(stage.server.folder, "heard");
  await stage.server.terminal("reader", "files", "get", note.id, "--to", folder);
  const bytes = await readFile(join(folder, note.name));
  assert.equal(bytes.length, note.size);
  assert.deepEqual(bytes.subarray(0, 4), WEBM);
});

story("nothing that was spoken goes by itself, and nothing is lost without a word", running, async (stage) => {
  const speaker = await stage.newcomer("speaker", { microphone: true });
  const { page } = speaker;
  const other = await stage.newcomer("listener");
  await enterLobby(other.page);
  await enterLobby(page);

  // By keyboard alone, and dropped.
  await page.locator("#composer-text").focus();
  await page.keyboard.press("Alt+v");
  await bar(page, "recording").waitFor();
  await page.waitForFunction(() => document.activeElement.id === "voice-send");
  await page.keyboard.press("Escape");
  await page.locator("#composer-text").waitFor();

  // What is being written comes first.
  await page.locator("#composer-text").fill("No word of it");
  assert.ok(await page.getByRole("button", { name: "Record a voice note" }).isHidden());
  await page.keyboard.press("Enter");
  await sent(page, "No word of it");

  // Whoever goes elsewhere finds it again where it was spoken.
  await speak(page, 1);
  await writeTo(page, other.name);
  await page.getByRole("button", { name: "Record a voice note" }).click();
  await page.getByText("A voice note waits in another conversation.").waitFor();
  await page.locator('[data-view="list"]').getByText("#lobby", { exact: true }).first().click();
  await bar(page, "ended").getByText("Ended as you went elsewhere.").waitFor();
  await hear(page, "No word of it");
  assert.equal(await page.locator('[data-view="timeline"] .file').count(), 0);
  await page.locator("#voice-send").focus();
  await page.keyboard.press("Enter");
  await fileIsSent(page, NOTE);
  await fileOf(other.page, NOTE).waitFor();
  assert.equal(await other.page.locator('[data-view="timeline"] .file').count(), 1, "the dropped one never came");
});

story("a microphone that cannot be had says why", running, async (stage) => {
  for (const [error, words] of [
    ["NotAllowedError", /The microphone is not allowed here/],
    ["NotFoundError", /No microphone was found/],
    ["NotReadableError", /The microphone cannot be used/],
  ]) {
    const page = await stage.page();
    await refuseMicrophone(page, error);
    await page.goto(stage.server.link);
    await createAccount(page, `silent-${error.toLowerCase()}`);
    await enterLobby(page);
    await page.getByRole("button", { name: "Record a voice note" }).click();
    await page.locator('[data-view="toast"]').getByText(words).waitFor();
    await page.locator("#composer-text").waitFor();
    await page.locator("#composer-text").fill("Then in writing");
    await page.keyboard.press("Enter");
    await sent(page, "Then in writing");
  }
});

story("a microphone that goes, and a page that is locked, end a voice note and leave it", running, async (stage) => {
  const page = await stage.page({ microphone: true });
  await keepMicrophone(page);
  await register(page, stage.server, "interrupted");
  await enterLobby(page);

  await speak(page, 1);
  await page.evaluate(() => window.microphone.dispatchEvent(new Event("ended")));
  await bar(page, "ended").getByText("Ended as the microphone was gone.").waitFor();
  await page.getByRole("button", { name: "Drop the recording" }).click();
  await page.locator("#composer-text").waitFor();

  await speak(page, 1);
  assert.equal(await page.evaluate(() => window.microphone.readyState), "live");
  await openSettings(page, "Account");
  await page.getByRole("button", { name: "Lock" }).first().click();
  await confirm(page);
  await page.locator('[data-view="entry"][data-state="locked"]').waitFor();
  assert.equal(await page.evaluate(() => window.microphone.readyState), "ended", "a locked page hears nothing");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Open" }).click();
  await bar(page, "ended").getByText("Ended as you went elsewhere.").waitFor();
  await sendNote(page);
  await fileIsSent(page, NOTE);
});

story("a film is seen before it is fetched, and plays where it stands", running, async (stage) => {
  const page = await inLobby(stage, "maker");
  const other = await inLobby(stage, "watcher", { viewport: PHONE });
  await served(other);
  await choose(
    page,
    { name: "garden.webm", mimeType: "video/webm", buffer: await film(page, { width: 480, height: 270 }) },
    { name: "broken.mp4", mimeType: "video/mp4", buffer: Buffer.from("no film at all") },
  );
  await sendChosen(page);
  await fileIsSent(page, "garden.webm");

  const seen = fileOf(other, "garden.webm").locator(".film");
  const player = seen.locator("video");
  await player.waitFor();
  const [width, height] = await player.evaluate(async (player) => {
    const picture = Object.assign(new Image(), { src: player.poster });
    await picture.decode();
    return [picture.naturalWidth, picture.naturalHeight];
  });
  assert.ok(width > 100 && Math.abs(width / height - 480 / 270) < 0.05, `${width} × ${height}`);
  assert.match(await player.getAttribute("poster"), /^data:image\/jpeg;base64,/);
  assert.match(await seen.locator(".film-length").innerText(), /^0:0\d$/);
  assert.equal(await player.evaluate((player) => player.readyState), 0, "nothing of it was asked for");
  // What no browser can show goes without a picture, and is a file like any other.
  await fileOf(other, "broken.mp4").waitFor();
  assert.equal(await fileOf(other, "broken.mp4").locator(".film").count(), 0);

  await seen.getByRole("button", { name: "Play garden.webm" }).click();
  await other.waitForFunction(() => document.querySelector(".film video").currentTime > 0.3);
  await seen.getByRole("button", { name: "Play garden.webm" }).waitFor({ state: "hidden" });
});
