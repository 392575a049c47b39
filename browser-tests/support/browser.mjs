// One Chromium for a file of stories; each person has a context of their own, so their own storage.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1440, height: 900 };
/** How long anything may take: these machines are shared. What is waited for is a state, never a time. */
export const PATIENCE_MS = 60_000;
const KEPT = process.env.HUIS_BROWSER_KEPT;
/** The most characters that are printed of a page whose story failed. */
const MOST_SHOWN = 4_000;
/** Whether what is kept of a failure shows each step in pictures: that nearly doubles what a story costs. */
const PICTURES = process.env.HUIS_BROWSER_PICTURES === "1";

/** The browsers that run: the one with a microphone, which peeps each second and is never asked for, and the one without. */
const running = new Map();
const MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

const CHROMIUM = {
  executablePath: process.env.HUIS_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

/** The browser, started at first use. */
export function browser(hasMicrophone = false) {
  if (!running.has(hasMicrophone)) {
    const args = [...CHROMIUM.args, ...(hasMicrophone ? MICROPHONE : [])];
    running.set(hasMicrophone, chromium.launch({ ...CHROMIUM, args }));
  }
  return running.get(hasMicrophone);
}

export async function closeBrowser() {
  for (const browser of running.values()) await (await browser).close();
  running.clear();
}

/**
 * A context of one's own. What its pages say on the console and which errors they throw is kept. With a `folder` it is a
 * browser that keeps what it has there; without one all is in memory, and it has room for little. With a `microphone` it has
 * one that peeps.
 */
export async function context({ folder, microphone, ...options } = {}) {
  const wishes = { viewport: DESKTOP, locale: "en-GB", ...options };
  const made = folder
    ? await chromium.launchPersistentContext(folder, { ...CHROMIUM, ...wishes })
    : await (await browser(microphone)).newContext(wishes);
  made.setDefaultTimeout(PATIENCE_MS);
  made.console = [];
  made.errors = [];
  made.foreign = [];
  made.on("console", (message) => made.console.push(`${message.type()}: ${message.text()}`));
  made.on("weberror", (error) => made.errors.push(String(error.error())));
  if (KEPT) await made.tracing.start({ screenshots: PICTURES, snapshots: PICTURES });
  return made;
}

/** Ends a context; where its story failed, what happened is kept. */
export async function end(made, name, failed) {
  if (KEPT && failed) {
    await mkdir(KEPT, { recursive: true });
    await made.tracing.stop({ path: join(KEPT, `${name}.zip`) });
    await writeFile(join(KEPT, `${name}.console.txt`), made.console.join("\n"));
    for (const [number, page] of made.pages().entries()) {
      await page.screenshot({ path: join(KEPT, `${name}-${number}.png`) }).catch(() => {});
      // Of a run elsewhere there is often no more than what it printed.
      const shown = await page.locator("body").ariaSnapshot().catch((error) => String(error));
      console.error(`${name}-${number} shows at its end:\n${shown.slice(0, MOST_SHOWN)}`);
    }
  }
  await made.close();
}
