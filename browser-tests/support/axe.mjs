// axe-core on a page: nothing serious.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { drawnAnew } from "./people.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GRAVE = ["serious", "critical"];

/** Nothing serious in light and none in dark. */
export async function checkInBoth(page, where) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    // Colours go over from one to the other.
    await drawnAnew(page);
    await check(page, `${where}, ${colorScheme}`);
  }
}

export async function check(page, where) {
  // What is on its way from one colour to another is as legible as it will be soon; what turns for ever is not waited for.
  await page.waitForFunction(() =>
    document.getAnimations().every((one) => one.playState === "finished" || one.effect.getComputedTiming().iterations === Infinity),
  );
  // By the debugging protocol, which the page's rules do not bind.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const grave = violations
    .filter((violation) => GRAVE.includes(violation.impact))
    .map(({ id, help, nodes }) => ({ id, help, where: nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`) }));
  assert.deepEqual(grave, [], where);
}
