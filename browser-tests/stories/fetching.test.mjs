// Files on their way to a browser: a page that is loaded anew in the middle, and sound that plays before all of it is there.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { assertSame, bytes, choose, download, fileIsSent, fileOf, sendChosen, sound } from "../support/files.mjs";
import { fails, UNSERVED } from "../support/journey.mjs";
import { enterLobby, open } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";
import { counting } from "../support/traffic.mjs";

const running = server("--file-size-mib", "96");
const MIB = 1024 * 1024;
/** What a client notes as done at once, beside what comes of itself a second time: what was on its way. */
const NOTED_AFTER = 64 * MIB;

story("a download goes on where it was when the page is loaded anew in its middle", running, async (stage) => {
  const { page } = await stage.newcomer("member", UNSERVED);
  await enterLobby(page);
  await stage.server.newcomerInTerminal("sender");
  const large = bytes(88 * MIB + 777);
  const source = join(stage.server.folder, "large.bin");
  await writeFile(source, large);
  await stage.server.terminal("sender", "send", "#lobby", "--file", source);
  const file = fileOf(page, "large.bin");
  await file.waitFor();

  const way = fails(page, "GET", "**/api/v1/files/*/content", NOTED_AFTER + 12 * MIB);
  await page.getByRole("button", { name: "Download large.bin" }).click();
  await way.reached;
  await page.reload();
  way.ends();
  await open(page, "#lobby");
  // Nobody asks for it again.
  await file.and(page.locator('[data-state="done"]')).waitFor();
  assert.ok(way.lowest() >= NOTED_AFTER, `it went on at ${way.lowest()}`);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save large.bin" }).click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), "large.bin");
  assertSame(await readFile(await saved.path()), large);
});

story("sound is heard while it still comes, also after the page was loaded anew while it played", running, async (stage) => {
  const way = await counting(stage.server.url);
  stage.server = Object.assign(Object.create(stage.server), { url: way.url, link: stage.server.link.replace(stage.server.url, way.url) });
  const one = await stage.newcomer("member");
  await enterLobby(one.page);
  const { page } = await stage.newcomer("member");
  await enterLobby(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const birds = sound(180);
  await choose(one.page, { name: "birds.wav", mimeType: "audio/wav", buffer: birds });
  await sendChosen(one.page);
  await fileIsSent(one.page, "birds.wav");
  await fileOf(page, "birds.wav").waitFor();
  await page.reload();
  await open(page, "#lobby");

  const audio = page.locator('video.is-sound[aria-label="birds.wav"]');
  await audio.waitFor();
  // No more than a third comes, however long one waits.
  const before = way.sent();
  way.holdsAfter(birds.length / 3);
  const plays = async () => {
    await audio.evaluate((audio) => {
      audio.muted = true;
      return audio.play();
    });
    await audio.evaluate(
      (audio) =>
        new Promise((resolve, reject) => {
          audio.onerror = () => reject(new Error(audio.error.message));
          const from = audio.currentTime;
          audio.ontimeupdate = () => audio.currentTime > from + 0.5 && !audio.paused && resolve();
        }),
    );
  };
  await plays();
  assert.ok(way.sent() - before < birds.length, "it plays before it is there");

  await page.reload();
  way.letsGo();
  await open(page, "#lobby");
  await audio.waitFor();
  assert.equal(await audio.evaluate((audio) => audio.paused), true, "nothing plays of itself");
  await plays();
  assertSame((await download(page, "birds.wav")).bytes, birds);
  await way.close();
});
