// People who make sure of each other: a phone and a terminal.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { photo } from "../support/files.mjs";
import { hear, message, say, sent, writeTo } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

/** Opens what is known of the other one. */
async function details(page) {
  await page.locator("button.talk-title").click();
  await page.locator(".safety").waitFor();
}

story("two people verify each other by code between a phone and a terminal, and a changed key holds what is said", running, async (stage) => {
  const { page, name } = await stage.newcomer("member", { viewport: PHONE });
  const verify = async (...args) => stage.server.terminal("keyholder", "verify", `@${name}`, ...args);
  await stage.server.newcomerInTerminal("keyholder");
  await writeTo(page, "keyholder");
  await say(page, "Is it you?");
  await sent(page, "Is it you?");
  assert.match(await stage.server.terminal("keyholder", "receive"), /Is it you\?/);
  await stage.server.terminal("keyholder", "requests", "accept", `@${name}`);
  await stage.server.terminal("keyholder", "send", `@${name}`, "It is me");
  await hear(page, "It is me");

  // Each has the other's code: the page draws one, the terminal does, too.
  const there = JSON.parse(await verify("--json"));
  // What reads codes is not in every browser, and not in this one: the picture is real, what is seen in it is told.
  await page.evaluate(() => {
    globalThis.BarcodeDetector = class {
      async detect({ width }) {
        return width > 0 && globalThis.inView ? [{ rawValue: globalThis.inView }] : [];
      }
    };
  });
  await details(page);
  const number = (await page.locator(".safety-number").innerText()).replaceAll(/\s/g, "");
  assert.equal(number, there.safety_number);
  await page.locator("details.code summary").click();
  const drawn = page.locator(".code-drawn");
  await drawn.waitFor();
  assert.equal(await drawn.getAttribute("viewBox"), "0 0 49 49");
  const here = await drawn.getAttribute("data-code");
  assert.match(await verify("--scanned", here), /✓ scanned/);

  // Somebody else's code is refused, and theirs marks them.
  await page.locator("#their-code").fill(here);
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByText(/is not the one that @?keyholder shows for you/).first().waitFor();
  await page.evaluate((code) => (globalThis.inView = code), there.code);
  await page.locator('input[data-kind="code"]').setInputFiles({ name: "code.jpg", mimeType: "image/jpeg", buffer: await photo(page) });
  await page.locator('.safety [data-verified="true"]').waitFor();
  await page.locator("#details-close").click();
  await page.locator('.talk-head .shield.is-good').waitFor();

  // The identity behind the terminal changes.
  await stage.server.terminal("keyholder", "receive");
  await stage.server.renewsIdentity("keyholder", `${PASSWORD}-renewed`);
  await page.locator(".strip.changed").waitFor();
  await say(page, "The code of the door is 4711");
  const held = message(page, "The code of the door is 4711");
  await held.getByText("Waits.").waitFor();
  assert.equal(await held.getAttribute("data-state"), "held");
  await page.locator(".strip.changed").getByRole("button", { name: "Send anyway" }).click();
  await page.locator("dialog").getByRole("button", { name: "Send anyway" }).click();
  await page.locator(".strip.changed").waitFor({ state: "detached" });
  await held.getByText("Waits.").waitFor({ state: "detached" });
  await sent(page, "The code of the door is 4711");
  assert.match(await stage.server.terminal("keyholder", "receive"), /The code of the door is 4711/);
});
