// Names and texts that were made to do harm.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { enterLobby, say, sent } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

const TEXTS = {
  markup: `<img src=x onerror="window.harmed=1"><script>window.harmed=1</script><b>bold</b>`,
  link: "[here](javascript:window.harmed=1) javascript:window.harmed=1 https://example.org/\u202etxt.exe",
  override: "\u202egnp.exe\u202c and \u2066isolated without an end",
  marks: `Z${"\u0335\u0489\u036f".repeat(300)} after`,
  long: `${"long".repeat(2_500)}end`,
};

story("hostile texts are shown as text and harm nobody", running, async (stage) => {
  const one = await stage.newcomer("member");
  const other = await stage.newcomer("member", { viewport: PHONE });
  await enterLobby(one.page);
  await enterLobby(other.page);
  for (const [name, text] of Object.entries(TEXTS)) {
    await say(one.page, text);
    await say(one.page, `after ${name}`);
    await sent(one.page, `after ${name}`);
    await other.page.getByText(`after ${name}`, { exact: true }).waitFor();
  }
  for (const { page } of [one, other]) {
    assert.equal(await page.evaluate(() => window.harmed), undefined);
    const timeline = page.locator('[data-view="timeline"]');
    assert.equal(await timeline.locator("img, script, b").count(), 0, "markup of others becomes no elements");
    const links = await timeline.locator("a").evaluateAll((all) => all.map((a) => [a.protocol, a.rel, a.target]));
    for (const [protocol, rel, target] of links) {
      assert.match(protocol, /^(https?|mailto):$/);
      assert.match(rel, /noopener/);
      assert.match(rel, /noreferrer/);
      assert.equal(target, "_blank");
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, "nothing makes the page wider than the screen");
    const overlap = await page.evaluate(() => {
      const rows = [...document.querySelectorAll('[data-view="timeline"] .message .bubble')];
      return rows.filter((row) => getComputedStyle(row).overflow === "visible" && row.scrollHeight > row.clientHeight + 40);
    });
    assert.equal(overlap.length, 0, "stacked marks stay in their bubble");
  }
});
