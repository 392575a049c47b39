// From the printed link to the first sealed word: at most six interactions and a minute.

import assert from "node:assert/strict";

import { DESKTOP, PHONE } from "../support/browser.mjs";
import { sent } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
const MOST_INTERACTIONS = 6;
const WITHIN_MS = 60_000;

for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  story(`a newcomer on a ${size} is chatting after six interactions`, running, async (stage) => {
    const page = await stage.page({ viewport });
    const began = performance.now();
    await page.goto(stage.server.link);
    let interactions = 0;
    const interact = async (what) => {
      interactions += 1;
      await what();
    };
    await interact(() => page.locator("#username").fill(`newcomer-${size}`));
    await interact(() => page.locator("#password").fill(PASSWORD));
    await interact(() => page.getByRole("button", { name: "Create account" }).click());
    await interact(() => page.getByRole("button", { name: "I have kept it" }).click());
    await interact(() => page.getByRole("button", { name: /#lobby/ }).first().click());
    await interact(async () => {
      await page.locator("#composer-text").fill("Hello, everybody");
      await page.keyboard.press("Enter");
    });
    await sent(page, "Hello, everybody");
    const took = performance.now() - began;
    assert.ok(interactions <= MOST_INTERACTIONS, `${interactions} interactions`);
    assert.ok(took <= WITHIN_MS, `${Math.round(took)} ms`);
  });
}
