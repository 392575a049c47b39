// A file that goes from a terminal to a browser and back, and is interrupted on its way.

import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { fileIsSent, fileOf, sendChosen } from "./files.mjs";
import { enterLobby } from "./people.mjs";
import { counting } from "./traffic.mjs";

const MIB = 1024 * 1024;
/** What a transfer may come to twice: what was on its way when it was interrupted. A sealed file is a little larger, too. */
const ON_ITS_WAY = 10 * MIB;

/** What the bytes of a file are fetched from, and sent to. */
const CONTENT = /\/api\/v1\/files\/[^/]+\/content$/;
const UPLOAD = /\/api\/v1\/files\/[^/]+$/;

/** Requests can be stopped on their way only where no service worker stands on it. */
export const UNSERVED = { serviceWorkers: "block" };

/**
 * Sends a file of this size from a terminal, whose client is killed half way; fetches it in a browser, while the server is
 * killed half way; sends it back, where the page is loaded anew half way; and fetches it in the terminal. Each goes on where
 * it was, and what comes back is what went. `patience` is how long one way may take, and `until` how a page's requests are
 * followed: `fails`, or `watches` where there are many. Gives the seconds of each way.
 */
export async function thereAndBack(stage, page, size, patience, until = fails) {
  const took = {};
  const began = async (name, way) => {
    const from = performance.now();
    await way();
    took[name] = (performance.now() - from) / 1000;
  };
  const { server } = stage;
  const way = await counting(server.url);
  const sender = "traveller";
  await server.terminal(sender, "register", sender, "--server", way.url, "--access-passphrase", server.passphrase);
  await server.terminal(sender, "room", "join", "lobby");
  await enterLobby(page);
  const source = join(server.folder, "journey.bin");
  const hash = await make(source, size);

  await began("terminal to server", async () => {
    const half = way.closesAfter(size / 2);
    const sending = server.starts(sender, "send", "#lobby", "--file", source);
    await Promise.race([half, sending.ended.then(() => assert.fail(`it ended before it was interrupted: ${sending.said()}`))]);
    sending.kill();
    await sending.ended;
    way.opens();
    const before = way.received();
    await server.terminal(sender, "status", "--wait", "--timeout", String(patience / 1000));
    const again = way.received() - before;
    assert.ok(again < size * 0.55 + ON_ITS_WAY, `it went on where it was: ${again} bytes more`);
  });

  const copy = join(server.folder, "fetched.bin");
  await began("server to browser", async () => {
    await fileOf(page, "journey.bin").waitFor();
    const half = until(page, "GET", CONTENT, size / 2);
    const saving = page.waitForEvent("download", { timeout: patience });
    await page.getByRole("button", { name: "Download journey.bin" }).last().click();
    await half.reached;
    await server.kill();
    half.ends();
    await server.run();
    await (await saving).saveAs(copy);
    assertWentOn(half, size);
  });
  assert.equal(await hashOf(copy), hash, "the browser has the same");

  await began("browser to server", async () => {
    await page.locator("#composer-files").setInputFiles(copy);
    await page.locator('.tray-file[data-state="ready"]').waitFor({ timeout: patience });
    const half = until(page, "PATCH", UPLOAD, size / 2);
    await sendChosen(page);
    await half.reached;
    await page.reload();
    half.ends();
    await page.locator('[data-view="list"]').getByText("#lobby").first().click();
    await fileIsSent(page, "fetched.bin", { timeout: patience });
    assertWentOn(half, size);
  });

  await began("server to terminal", async () => {
    const listed = (await server.terminal(sender, "files", "list", "--json")).trim().split("\n").map((line) => JSON.parse(line));
    const { id } = listed.find((file) => file.name === "fetched.bin");
    const to = join(server.folder, "back");
    await mkdir(to);
    await server.terminal(sender, "files", "get", id, "--to", to);
    assert.equal((await stat(join(to, "fetched.bin"))).size, size);
    assert.equal(await hashOf(join(to, "fetched.bin")), hash, "what comes back is what went");
  });
  await way.close();
  return took;
}

function assertWentOn(half, size) {
  const at = half.lowest();
  assert.ok(Number.isFinite(at) && at > size / 2 - ON_ITS_WAY, `it went on where it was, at ${at}`);
}

/** Bytes that nobody guesses, and the hash over them. */
async function make(path, size) {
  const hash = createHash("sha256");
  const noise = createCipheriv("aes-256-ctr", Buffer.alloc(32, 7), Buffer.alloc(16));
  const nothing = Buffer.alloc(MIB);
  async function* pieces() {
    for (let left = size; left > 0; left -= nothing.length) {
      const piece = noise.update(nothing.subarray(0, Math.min(left, nothing.length)));
      hash.update(piece);
      yield piece;
    }
  }
  await pipeline(pieces, createWriteStream(path));
  return hash.digest("hex");
}

async function hashOf(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Lets requests of a page through until they are about what lies behind so many bytes, and none of these until it ends. */
export function fails(page, method, pattern, bytes) {
  let fails = true;
  let tell;
  let lowest = Infinity;
  const reached = new Promise((resolve) => (tell = resolve));
  const routed = page.context().route(pattern, async (route) => {
    const request = route.request();
    if (request.method() !== method) return route.continue();
    const at = firstByte(method, await request.allHeaders());
    if (!fails) lowest = Math.min(lowest, at);
    if (!fails || at < bytes) return route.continue();
    tell();
    return route.abort();
  });
  return {
    reached: routed.then(() => reached),
    ends: () => (fails = false),
    /** The first byte that was asked for once it had ended. */
    lowest: () => lowest,
  };
}

/**
 * As `fails`, but lets all requests through: what stops them on their way reads all that they carry as well, which takes
 * longer than the rest where that is gigabytes. There is enough left to interrupt then.
 */
export function watches(page, method, pattern, bytes) {
  let hasEnded = false;
  let lowest = Infinity;
  let tell;
  const reached = new Promise((resolve) => (tell = resolve));
  page.on("request", (request) => {
    if (request.method() !== method || !pattern.test(request.url())) return;
    const at = firstByte(method, request.headers());
    if (hasEnded) lowest = Math.min(lowest, at);
    else if (at >= bytes) tell();
  });
  return { reached, ends: () => (hasEnded = true), lowest: () => lowest };
}

function firstByte(method, headers) {
  return Number(method === "GET" ? /^bytes=(\d+)-/.exec(headers.range)[1] : headers["upload-offset"]);
}
