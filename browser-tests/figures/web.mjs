// What the web app costs somebody who uses it, in Chromium on the real binary. Prints one line of JSON, the medians of the
// runs: `cargo xtask bench web`. For docs/performance.md.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { browser, closeBrowser, context, DESKTOP, PHONE } from "../support/browser.mjs";
import { createAccount, enterLobby, say } from "../support/people.mjs";
import { Server } from "../support/server.mjs";
import { counting } from "../support/traffic.mjs";
import { percentile, round, WATCHER } from "../support/watching.mjs";

const { values: wished } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    messages: { type: "string", default: "200" },
    "catching-up": { type: "string", default: "10000" },
  },
});
const [RUNS, MESSAGES, CATCHING_UP] = [wished.runs, wished.messages, wished["catching-up"]].map(Number);
/** Between two messages of the terminal: nothing waits for the one before. */
const PAUSE_MS = 50;

const server = await Server.start("--guesses-per-minute", "10000");
let named = 0;
try {
  const runs = [];
  for (let run = 1; run <= RUNS; run++) {
    console.error(`the web app, run ${run} of ${RUNS}`);
    runs.push(await once());
  }
  const line = { system: "huis", measurement: "web", browser: (await browser()).version(), runs: RUNS };
  for (const [index, name] of Object.keys(runs[0]).entries()) {
    const all = runs.map((run) => Object.values(run)[index]);
    line[name] = percentile(all, 0.5);
    if (RUNS > 1) line[`${name}_range`] = [Math.min(...all), Math.max(...all)];
  }
  console.log(JSON.stringify(line));
} finally {
  await closeBrowser();
  await server.remove();
}

async function once() {
  const phone = await firstLoad(PHONE);
  const desktop = await firstLoad(DESKTOP);
  await enterLobby(phone.page);
  await enterLobby(desktop.page);
  const pages = await betweenPages(phone.page, desktop.page);
  const terminal = await fromTerminal(desktop.page);
  const catching = await catchUp(desktop.page);
  for (const { made, proxy, folder } of [phone, desktop]) {
    await made.close();
    await proxy.close();
    await rm(folder, { recursive: true });
  }
  const of = (size, { figures }) => Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${size}_${name}`, value]));
  return { ...of("phone", phone), ...of("desktop", desktop), ...pages, ...terminal, ...catching };
}

/** A page that was never there before; then an account, and the page again. */
async function firstLoad(viewport) {
  const proxy = await counting(server.url);
  // As people have it: without a folder each read and write of the database is a question to another process of the browser.
  const folder = await mkdtemp(join(tmpdir(), "huis-figures-"));
  const made = await context({ folder, viewport });
  await made.addInitScript(WATCHER);
  const page = await made.newPage();
  await page.goto(server.link.replace(server.url, proxy.url));
  await page.locator("#username").waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const first = await page.evaluate(painted);
  const bytes = proxy.sent();
  await createAccount(page, `reader${++named}`);
  await page.reload();
  await page.locator('.list-rows[data-state="ready"]').waitFor();
  const again = await page.evaluate(painted);
  const figures = {
    first_load_bytes: bytes,
    first_paint_ms: first.paint,
    entry_ms: first.entry,
    reload_paint_ms: again.paint,
    ready_ms: again.ready,
  };
  return { made, proxy, folder, page, figures };
}

/** Runs in the page. */
function painted() {
  const whole = (ms) => ms && Math.round(ms);
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  return { paint: whole(paint), entry: whole(huisWatch.first.entry), ready: whole(huisWatch.first.ready) };
}

/** From the key that sends until the other page has drawn it, one message after the other. */
async function betweenPages(from, to) {
  await to.evaluate(() => huisWatch.listen());
  const late = [];
  for (let number = 1; number <= MESSAGES; number++) {
    await say(from, `From page to page, number ${number}.`);
    const shown = await drawn(to, number);
    late.push(shown - (await from.evaluate(() => huisWatch.pressed.at(-1))));
  }
  return spread("page_to_page", late);
}

/** From what the terminal's engine is told until the page has drawn it. */
async function fromTerminal(page) {
  const name = `terminal${++named}`;
  await server.newcomerInTerminal(name);
  const first = MESSAGES + 1;
  const said = await server.says(name, "#lobby", "--messages", MESSAGES, "--first", first, "--pause-ms", PAUSE_MS);
  const late = [];
  for (const { number, at_ms: at } of said.filter((line) => line.number !== undefined)) {
    late.push((await drawn(page, number)) - at);
  }
  return spread("terminal_to_page", late);
}

async function drawn(page, number) {
  const shown = await page.waitForFunction((number) => huisWatch.shown.get(number), String(number));
  return shown.jsonValue();
}

/** A page that was away while much was said, and looks at it as it comes. */
async function catchUp(page) {
  const { origin } = new URL(page.url());
  const name = `terminal${++named}`;
  await server.newcomerInTerminal(name);
  await page.goto("about:blank");
  const first = 1_000_000;
  const last = first + CATCHING_UP - 1;
  await server.says(name, "#lobby", "--messages", CATCHING_UP, "--first", first);
  await page.goto(`${origin}/`);
  await page.locator('[data-view="list"]').getByText("#lobby").first().click();
  await page.evaluate(() => huisWatch.start());
  await page.locator('[data-view="list"]').getByText(`number ${last}`).waitFor({ timeout: 600_000 });
  const took = await page.evaluate(() => performance.now());
  const seen = await page.evaluate(() => huisWatch.stop());
  return {
    catching_up_messages_per_s: Math.round(CATCHING_UP / (took / 1000)),
    catching_up_tasks_over_50_ms: seen.longTasks.length,
    catching_up_longest_task_ms: Math.round(Math.max(0, ...seen.longTasks.map((task) => task.ms))),
    catching_up_frame_p99_ms: round(percentile(seen.gaps, 0.99)),
  };
}

function spread(name, values) {
  return { [`${name}_p50_ms`]: round(percentile(values, 0.5)), [`${name}_p99_ms`]: round(percentile(values, 0.99)) };
}
