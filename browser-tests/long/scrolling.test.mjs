// A conversation with 100,000 messages: the engine in the browser has really received and opened each of them.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { enterLobby } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";
import { figure, percentile, round, WATCHER } from "../support/watching.mjs";

const running = server();
// As people have it: without a folder each read and write of the database is a question to another process of the browser.
const folder = await mkdtemp(join(tmpdir(), "huis-browser-own-"));
after(() => rm(folder, { recursive: true, force: true }));
const MESSAGES = Number(process.env.HUIS_STORY_MESSAGES ?? 100_000);
/** How many are scrolled through by the wheel, and how many more by keys. */
const BY_WHEEL = Math.min(5_000, MESSAGES / 4);
const BY_KEYS = Math.min(1_000, MESSAGES / 8);
/** A brisk hand: at 60 frames a second some six screens each second. */
const TURN = 150;
const FRAMES_A_TURN = 2;
/** What one reads may move by this much against the hand: browsers round. */
const ROUNDING = 2;
const MOST_NODES = 12_000;
const MOST_ROWS = 400;
/** However long the conversation. */
const PATIENCE = { timeout: 90 * 60_000 };
const CATCHES_UP_WITHIN = { timeout: 30 * 60_000 };

story("a conversation with 100,000 messages scrolls smoothly", running, tell, PATIENCE);

async function tell(stage) {
  const { page } = await stage.newcomer("reader", { folder });
  await page.context().addInitScript(WATCHER);
  await enterLobby(page);
  for (const profile of ["one", "other"]) await stage.server.newcomerInTerminal(profile);
  await page.locator("button.talk-title").filter({ hasText: "3 people" }).waitFor();
  await page.goto("about:blank");

  const half = MESSAGES / 2;
  const said = [
    stage.server.says("one", "#lobby", "--messages", half),
    stage.server.says("other", "#lobby", "--messages", half, "--first", half + 1),
  ];
  await Promise.all(said);
  const last = MESSAGES + 1;
  await stage.server.says("one", "#lobby", "--messages", 1, "--first", last);

  const began = performance.now();
  await page.goto(`${stage.server.url}/`);
  await page.locator('[data-view="list"]').getByText("#lobby").first().click();
  const lastPreview = page.locator('[data-view="list"]').getByText(`number ${last}`);
  await lastPreview.waitFor(CATCHES_UP_WITHIN);
  figure("messages that a browser caught up with, per second", Math.round(MESSAGES / ((performance.now() - began) / 1000)));

  const row = (number) => page.locator("#timeline-rows > [data-position]").filter({ hasText: new RegExp(`number ${number}\\b`, "i") });
  // Who opened it before the first ones came has followed the end; who came later stands where they are new.
  const toNewest = page.locator(".to-newest");
  await toNewest.or(row(last)).first().waitFor();
  if (await toNewest.isVisible()) await toNewest.click();
  await row(last).waitFor();
  await atEnd(page);

  await byWheel(page);
  await byKeys(page);

  // Far back, by the search.
  const far = Math.floor(MESSAGES * 0.12345);
  await page.locator("#search-field").fill(`"number ${far}"`);
  await page.locator('[data-view="found"] button').first().click();
  await row(far).waitFor();
  await row(far).and(page.locator(".is-goal, :focus")).waitFor();
  await overTimeline(page);
  await page.evaluate(() => huisWatch.start());
  for (let turn = 0; turn < 60; turn++) await wheel(page, turn < 30 ? -TURN : TURN);
  const around = await page.evaluate(() => huisWatch.stop());
  assert.ok(around.numbers.length > 30, `messages around the place that one went to: ${around.numbers.length}`);
  whole(around, [far]);
  await page.locator("#search-field").fill("");
  await page.locator(".to-newest").click();
  await row(last).waitFor();
}

async function byWheel(page) {
  await overTimeline(page);
  await page.evaluate(() => huisWatch.start());
  do {
    await wheel(page, -TURN);
  } while ((await page.evaluate(() => huisWatch.count())) < BY_WHEEL);
  const seen = await page.evaluate(() => huisWatch.stop());
  report("by the wheel", seen);
  whole(seen, [MESSAGES + 1]);
  assert.ok(seen.steps[0] >= -ROUNDING, `what one reads moved ${seen.steps[0]} px against the wheel`);
}

async function byKeys(page) {
  await page.locator("#timeline").focus();
  await page.evaluate(() => huisWatch.start());
  do {
    await page.keyboard.press("PageUp");
    await frames(page, 6);
  } while ((await page.evaluate(() => huisWatch.count())) < BY_KEYS);
  const seen = await page.evaluate(() => huisWatch.stop());
  report("by keys", seen);
  whole(seen, []);
  assert.ok(seen.steps[0] >= -ROUNDING, `what one reads moved ${seen.steps[0]} px against the keys`);
}

/** What one sees is whole: nothing twice, nothing out of order, nobody's message missing between two that are there. */
function whole(seen, newest) {
  assert.deepEqual(seen.twice, [], "no message stands there twice");
  assert.equal(seen.disorder, 0, "all stand in their order");
  assert.deepEqual(seen.jumps, [], "what one reads stays in sight from frame to frame");
  for (const of of [0, 1]) {
    const numbers = seen.numbers.filter((number) => number <= MESSAGES && (number > MESSAGES / 2) === (of === 1));
    const missing = numbers.slice(1).filter((number, index) => number !== numbers[index] + 1);
    assert.deepEqual(missing, [], "no message is missing");
  }
  for (const number of newest) assert.ok(seen.numbers.includes(number), `number ${number} was seen`);
  assert.ok(seen.nodes <= MOST_NODES, `${seen.nodes} nodes`);
  assert.ok(seen.rows <= MOST_ROWS, `${seen.rows} rows`);
}

function report(how, seen) {
  const gap = (share) => round(percentile(seen.gaps, share));
  figure(`scrolling ${how}: messages seen`, seen.numbers.length);
  figure(`scrolling ${how}: frames, p50 / p99 / longest, in milliseconds`, [gap(0.5), gap(0.99), gap(1)]);
  figure(`scrolling ${how}: tasks over 50 ms, and the longest in milliseconds`, [
    seen.longTasks.length,
    Math.round(Math.max(0, ...seen.longTasks.map((task) => task.ms))),
  ]);
  figure(`scrolling ${how}: frames in which it waited for more`, seen.atTop);
  figure(`scrolling ${how}: nodes in the page at most`, seen.nodes);
}

async function overTimeline(page) {
  const box = await page.locator("#timeline").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
}

async function wheel(page, by) {
  await page.mouse.wheel(0, by);
  // Never faster than the page draws: what is not drawn could not be seen to be missing.
  await frames(page, FRAMES_A_TURN);
}

function frames(page, count) {
  return page.evaluate(
    (count) =>
      new Promise((done) => {
        const next = () => (count-- > 0 ? requestAnimationFrame(next) : done());
        next();
      }),
    count,
  );
}

async function atEnd(page) {
  await page.waitForFunction(() => {
    const { scrollTop, scrollHeight, clientHeight } = document.getElementById("timeline");
    return scrollHeight - scrollTop - clientHeight < 4;
  });
}
