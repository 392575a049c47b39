// Messages that the public beacon drand lets open, in pages: they know drand's own chain, and ask their server for its rounds.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";

import { Engine } from "../support/engine.mjs";
import { enterLobby, hear, say, sent } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
/** Its key, and what it published of round 1000. */
const KEY =
  "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
const ROUND_1000 = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
/** The bytes 1 to 15 and a 0, as the crate `tlock` sealed them for that round. */
const SEALED =
  "93dc10bf0a53564cd9203f731f2a9f871e0706bfc9bc439315b4d455558359d49d64d086cafff8bcaa98f49f27c20f99025d6022bb656ea94d522fe85fe460dc29345bc0368e357c635335bf734e6b1d61152b43f85a727be464f3cf037c497789f4c74ff90a54d5db6f3880fa14b04a3a1aa49293f2e5c93f122ef177e1e183";

/** A relay that is asked for rounds, and knows none of those that are to come. */
const relay = { asked: [], says: () => undefined };
const http = createServer((request, response) => {
  relay.asked.push(request.url);
  const said = relay.says(request.url);
  response.writeHead(said ? 200 : 404, { "content-type": "application/json" }).end(said && JSON.stringify(said));
});
http.listen(0, "127.0.0.1");
await once(http, "listening");
after(() => http.close());
const running = server("--beacon-urls", `http://127.0.0.1:${http.address().port}`);

/** How many times it is asked from here on, once it was asked so often. */
async function isAsked(times) {
  const enough = relay.asked.length + times;
  while (relay.asked.length < enough) await once(http, "request");
}

story("what one page locks by the beacon waits in another, which says for what and never opens it wrongly", running, async (stage) => {
  const { page } = await stage.newcomer("reader");
  await enterLobby(page);
  const writer = await Engine.open(await stage.page(), stage.server);
  await writer.register("beaconwriter");
  await writer.ask({ "join-room": { name: "lobby" } });
  const lobby = { room: "lobby" };
  await writer.say(lobby, "Good morning to all");
  await hear(page, "Good morning to all");

  const secret = "The price is 4711";
  const send = { to: lobby, text: secret, reply_to: null, view_once: false, wait: true };
  const unlocks_at_ms = Date.now() + 15_000;
  await writer.ask({ "send-timed": { what: { text: send }, unlocks_at_ms, trust: "drand" } });
  const lock = page.locator('[data-view="timeline"] .message-lock[data-lock="sealed"]');
  await lock.getByText(/^A text that opens .* \(in \d+ s\)/).waitFor();
  assert.equal(relay.asked.length, 0, "nobody asks before the time");

  // Its time comes, and the beacon can't be reached: that is what stands there.
  await lock.getByText("The time has come; waiting for the public beacon drand").waitFor();
  if (relay.asked.length === 0) await isAsked(1);
  const round = Math.ceil((unlocks_at_ms - 1_692_803_367_000) / 3000) + 1;
  assert.deepEqual([...new Set(relay.asked)], [`/${QUICKNET}/public/${round}`]);
  // Another round's signature in the place of this one's opens nothing either.
  relay.says = () => ({ round, signature: ROUND_1000 });
  await isAsked(2);
  await say(page, "I can't read it yet");
  await lock.getByText("The time has come; waiting for the public beacon drand").waitFor();
  assert.ok(!(await page.content()).includes(secret), "the page has nothing of it");

  // What is chosen in the composer is locked in the same way.
  await page.getByRole("button", { name: "Open later", exact: true }).click();
  await page.getByRole("switch", { name: /Without trusting this server/ }).check();
  await page.getByRole("button", { name: "Tomorrow morning" }).click();
  await page.locator('.composer [data-view="later"]').getByText(/, by drand$/).waitFor();
  await say(page, "And this is for tomorrow");
  await sent(page, "And this is for tomorrow");
  await say(page, "That is all");
  await writer.hears(lobby, "That is all");
  const { messages } = await writer.ask({ "time-locks": { most: 10 } });
  const theirs = messages.find(({ own }) => !own);
  assert.deepEqual([theirs?.lock.state, theirs?.lock.trust, theirs?.text], ["waiting", "drand", ""]);
});

story("what a page fetches to open by the beacon opens what a published round opens", running, async (stage) => {
  const page = await stage.page();
  await page.goto(stage.server.url);
  const opened = await page.evaluate(
    async ([key, signature, sealed]) => {
      const text = async (path) => (await fetch(path)).text();
      const named = (name, source) => new RegExp(`/${name}-[0-9a-z]+\\.(?:js|wasm)`).exec(source)[0];
      const worker = await text(named("worker", await text(named("boot", await text("/")))));
      const { default: init, open, seal } = await import(named("beacon-module", worker));
      await init({ module_or_path: named("beacon", worker) });
      const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
      const by = (sealed, round = 1000n) => {
        const opened = open(bytes(key), round, bytes(signature), sealed);
        return opened instanceof Uint8Array ? [...opened] : opened;
      };
      const own = seal(bytes(key), 1000n, new Uint8Array(16).fill(9), new Uint8Array(16).fill(7));
      const changed = bytes(sealed);
      changed[127] ^= 1;
      return { theirs: by(bytes(sealed)), own: by(own), changed: by(changed), other: by(own, 1001n), none: by(new Uint8Array()) };
    },
    [KEY, ROUND_1000, SEALED],
  );
  assert.deepEqual(opened, {
    theirs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0],
    own: Array(16).fill(9),
    changed: 2,
    other: 1,
    none: 2,
  });
});
