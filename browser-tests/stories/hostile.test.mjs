// Names and texts that were made to do harm.

import assert from "node:assert/strict";

import { PHONE } from "../support/browser.mjs";
import { enterLobby, hear, say, sent, writeTo } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

const REFUSED_NAME = "\u202egro.ylime\u202c";
const NAMES = {
  markup: `<img src=x onerror="window.harmed=1">`,
  marks: `Z${"\u0335\u0489\u036f".repeat(40)}`,
  invisible: "\u200b\u2060\u00ad",
  blank: "\u2800\u2800",
};

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
    assert.ok(links.length > 0, "what is a link is one");
    for (const [protocol, rel, target] of links) {
      assert.match(protocol, /^(https?|mailto):$/);
      assert.match(rel, /noopener/);
      assert.match(rel, /noreferrer/);
      assert.equal(target, "_blank");
    }
    await assertStays(page, "texts");
    const [bubbles, overlap] = await page.evaluate(() => {
      const rows = [...document.querySelectorAll('[data-view="timeline"] .message .bubble')];
      const over = rows.filter((row) => getComputedStyle(row).overflow === "visible" && row.scrollHeight > row.clientHeight + 40);
      return [rows.length, over.length];
    });
    assert.ok(bubbles > 0, "there are bubbles to look at");
    assert.equal(overlap, 0, "stacked marks stay in their bubble");
  }
});

story("hostile names are shown as names and harm nobody", running, async (stage) => {
  const one = await stage.newcomer("member");
  const other = await stage.newcomer("member", { viewport: PHONE });
  await writeTo(one.page, other.name);
  await say(one.page, "Hello");
  await other.page.locator('[data-view="requests"]').getByText(one.name).first().click();
  await other.page.getByRole("button", { name: "Accept" }).click();
  await say(other.page, "Hello as well");
  await hear(one.page, "Hello as well");
  const saveName = async (name) => {
    await one.page.getByRole("button", { name: "Settings", exact: true }).first().click();
    await one.page.getByRole("tab", { name: "Profile" }).click();
    await one.page.locator("#card-name").fill(name);
    await one.page.getByRole("button", { name: "Save" }).click();
  };
  await saveName(REFUSED_NAME);
  await one.page.locator('[data-view="settings"] [role="alert"]').getByText(/character that is none to be seen \(U\+202E\)/).waitFor();
  await one.page.keyboard.press("Escape");
  for (const [kind, name] of Object.entries(NAMES)) {
    // What said that the name before is saved would say it of this one too.
    const saved = one.page.getByText("Saved");
    await saved.waitFor({ state: "detached" });
    await saveName(name);
    await saved.waitFor();
    await one.page.keyboard.press("Escape");
    // A name goes out with the next word.
    await say(one.page, `My name is ${kind}`);
    await hear(other.page, `My name is ${kind}`);
    const shown = await other.page.locator("button.talk-title bdi").allInnerTexts();
    assert.ok(shown.length > 0);
    for (const text of shown) {
      assert.doesNotMatch(text, /[\u200b\u2060\u00ad\u202a-\u202e\u2066-\u2069]/, "what can't be seen acts on nothing");
      assert.ok(/[\p{L}\p{N}]/u.test(text), `a name that says nothing is shown by another: ${text}`);
    }
    assert.equal(await other.page.evaluate(() => window.harmed), undefined);
    await assertStays(other.page, kind);
  }
  // Nobody gets the username of another.
  assert.match(await other.page.locator("button.talk-title").innerText(), new RegExp(one.name));
  // A group's title comes from others as well.
  await one.page.getByRole("button", { name: "New conversation" }).first().click();
  await one.page.getByRole("tab", { name: "Group" }).click();
  await one.page.locator("#begin-title").fill(`${NAMES.markup} ${"long ".repeat(12)}`.slice(0, 60));
  await one.page.locator("#begin-people").fill(other.name);
  await one.page.getByRole("button", { name: "Make the group" }).click();
  await say(one.page, "In a group with such a title");
  await sent(one.page, "In a group with such a title");
  while (await other.page.getByRole("button", { name: "Back" }).first().isVisible()) {
    await other.page.getByRole("button", { name: "Back" }).first().click();
  }
  await other.page.locator('[data-view="list"]').getByText("onerror").first().waitFor();
  assert.equal(await other.page.evaluate(() => window.harmed), undefined);
  await assertStays(other.page, "a group's title");
});

story("a name of ten thousand characters is refused with a reason, and drawn bounded where it comes all the same", running, async (stage) => {
  const one = await stage.newcomer("member");
  const other = await stage.newcomer("member", { viewport: PHONE });
  const long = `Z${"\u0335".repeat(4)}${"long".repeat(2_499)}`;
  await one.page.getByRole("button", { name: "Settings", exact: true }).first().click();
  await one.page.getByRole("tab", { name: "Profile" }).click();
  await one.page.locator("#card-name").fill(long);
  await one.page.getByRole("button", { name: "Save" }).click();
  await one.page.locator('[data-view="settings"] [role="alert"]').getByText(/name has \d+ bytes; at most 256 are allowed/).waitFor();
  await one.page.keyboard.press("Escape");
  await stage.server.newcomerInTerminal("endless");
  await assert.rejects(stage.server.terminal("endless", "profile", "--name", long.slice(0, 5_000)), /name has \d+ bytes; at most 256 are allowed/);

  // The longest that is allowed, beside a title and a topic as long as a group has them.
  await stage.server.terminal("endless", "profile", "--name", "W".repeat(256), "--about", "W".repeat(4_000));
  await stage.server.terminal("endless", "send", `@${other.name}`, "Here I come");
  await other.page.locator('[data-view="requests"] .list-item').first().click();
  await other.page.getByRole("button", { name: "Accept" }).click();
  await other.page.locator("#composer-text").waitFor();
  await say(other.page, "Welcome");
  await sent(other.page, "Welcome");
  await stage.server.terminal("endless", "receive");
  await stage.server.terminal("endless", "send", `@${other.name}`, "By my full name");
  await hear(other.page, "By my full name");
  await other.page.locator("button.talk-title bdi").filter({ hasText: /^W{64}…$/ }).waitFor();
  await assertStays(other.page, "a conversation with somebody of a long name");
  await other.page.locator("button.talk-title").click();
  await other.page.locator('[data-view="contact"] .contact-name').filter({ hasText: /^W{64}…$/ }).waitFor();
  const about = await other.page.locator('[data-view="contact"] .contact-about').innerText();
  assert.ok(about.length <= 501, `what one says about oneself is drawn bounded: ${about.length}`);
  await assertStays(other.page, "the details of somebody with a long name");
  await other.page.locator("#details-close").click();
  await other.page.getByRole("button", { name: "Back" }).first().click();
  await other.page.locator('[data-view="list"] .list-name').filter({ hasText: /^W{64}…$/ }).waitFor();
  await assertStays(other.page, "the list");
});

/** Nothing is wider than the screen, once the panes have come to rest. */
async function assertStays(page, what) {
  const isAsWide = () => document.documentElement.scrollWidth === document.documentElement.clientWidth;
  await page.waitForFunction(isAsWide).catch((error) => {
    throw new Error(`${what}: something makes the page wider than the screen`, { cause: error });
  });
}
