// Files, as people send and get them in the web app.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Bytes that tell where they stand. */
export function bytes(length) {
  const made = Buffer.alloc(length);
  for (let at = 0; at < length; at++) made[at] = Math.imul(at, 0x9e3779b1) >>> 24;
  return made;
}

/** Chooses files, and waits until they can go. */
export async function choose(page, ...files) {
  const before = await page.locator(".tray-file").count();
  await page.locator("#composer-files").setInputFiles(files);
  await page.locator('.tray-file[data-state="ready"]').nth(before + files.length - 1).waitFor();
}

/** Sends what was chosen, with this text. */
export async function sendChosen(page, text = "") {
  if (text) await page.locator("#composer-text").fill(text);
  await page.locator('.composer [type="submit"]').click();
  await page.locator(".tray-file").first().waitFor({ state: "detached" });
}

/** The file of this name in the timeline. */
export function fileOf(page, name) {
  return page.locator('[data-view="timeline"] .file').filter({ has: page.getByText(name, { exact: true }) }).last();
}

/** Waits until the message that brings it is with the server. */
export async function fileIsSent(page, name, options) {
  const row = page.locator(':is([data-state="sent"], [data-state="delivered"], [data-state="read"]).message');
  await row.filter({ has: page.getByText(name, { exact: true }) }).last().waitFor(options);
}

/** Fetches it, and gives what the browser saved, with the name that it proposed. */
export async function download(page, name) {
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: `Download ${name}` }).last().click();
  const saved = await saving;
  return { bytes: await readFile(await saved.path()), name: saved.suggestedFilename() };
}

export function assertSame(found, wanted) {
  const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
  assert.equal(found.length, wanted.length);
  assert.equal(hash(found), hash(wanted));
}

/** A photo of two colours with a place in it: a JPEG of the browser's, with Exif put in as a camera does. */
export async function photo(page, { width = 1200, height = 800, place = "48.8583 N 2.2944 E" } = {}) {
  const plain = await page.evaluate(
    async ([width, height]) => {
      const canvas = new OffscreenCanvas(width, height);
      const paper = canvas.getContext("2d");
      paper.fillStyle = "#2a7";
      paper.fillRect(0, 0, width, height);
      paper.fillStyle = "#e63";
      paper.fillRect(width / 4, height / 4, width / 2, height / 2);
      const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    [width, height],
  );
  const bytes = Buffer.from(plain);
  // TIFF with one entry: ImageDescription (0x010e), ASCII, behind the table.
  const text = Buffer.from(`${place}\0`);
  const table = Buffer.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x0e, 0, 2, 0, 0, 0, text.length, 0, 0, 0, 26, 0, 0, 0, 0]);
  const exif = Buffer.concat([Buffer.from("Exif\0\0"), table, text]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(exif.length + 2);
  return Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, exif, bytes.subarray(2)]);
}

/** A film of two seconds, made by the browser: what is drawn on a canvas, in WebM. */
export async function film(page, { width = 320, height = 180 } = {}) {
  const made = await page.evaluate(
    async ([width, height]) => {
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const paper = canvas.getContext("2d");
      const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm;codecs=vp8" });
      const parts = [];
      let frames = 0;
      const draw = () => {
        paper.fillStyle = "#2a7";
        paper.fillRect(0, 0, width, height);
        paper.fillStyle = "#e63";
        paper.fillRect((frames % 50) * (width / 100), height / 4, width / 2, height / 2);
        frames += 1;
        if (recorder.state !== "inactive") requestAnimationFrame(draw);
      };
      // A part comes each quarter of a second.
      recorder.ondataavailable = ({ data }) => {
        parts.push(data);
        if (parts.length >= 8 && recorder.state !== "inactive") recorder.stop();
      };
      const ended = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.start(250);
      draw();
      await ended;
      return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
    },
    [width, height],
  );
  return Buffer.from(made);
}

/** So many seconds of sound: 16-bit samples, 44,100 a second. */
export function sound(seconds) {
  const data = bytes(seconds * 88_200);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(44_100, 24);
  head.writeUInt32LE(88_200, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

/** All that lies in the page's own files: their paths with how much is there, and whether any holds this text. */
export function ownFiles(page, text) {
  return page.evaluate(async (text) => {
    const wanted = new TextEncoder().encode(text);
    const holds = (bytes) => {
      outer: for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
        for (let i = 1; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) continue outer;
        return true;
      }
      return false;
    };
    const found = { files: [], holding: [] };
    const look = async (folder, path) => {
      for await (const entry of folder.values()) {
        const at = `${path}/${entry.name}`;
        if (entry.kind === "directory") {
          await look(entry, at);
          continue;
        }
        const bytes = new Uint8Array(await (await entry.getFile()).arrayBuffer());
        found.files.push({ path: at, size: bytes.length });
        if (holds(bytes) || at.includes(text)) found.holding.push(at);
      }
    };
    await look(await navigator.storage.getDirectory(), "");
    return found;
  }, text);
}

/**
 * Throws away what a browser throws away of an origin that it makes room of: all but cookies. The page is one of the server's
 * that holds nothing open.
 */
export async function loseEverything(page) {
  await loseFiles(page);
  await page.evaluate(async () => {
    const removed = (name) =>
      new Promise((resolve, reject) => {
        const removing = indexedDB.deleteDatabase(name);
        removing.onsuccess = resolve;
        removing.onerror = () => reject(removing.error);
      });
    for (const { name } of await indexedDB.databases()) await removed(name);
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
    localStorage.clear();
  });
}

/** Throws away what the browser keeps in the files of a page that is closed; its worker may have them open for a moment yet. */
export async function loseFiles(page) {
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const inUse = (error) => {
      if (error.name !== "NoModificationAllowedError") throw error;
      return false;
    };
    const remove = async () => {
      for (const name of await Array.fromAsync(root.keys())) await root.removeEntry(name, { recursive: true });
      return true;
    };
    while (!(await remove().catch(inUse))) await new Promise(requestAnimationFrame);
  });
}
