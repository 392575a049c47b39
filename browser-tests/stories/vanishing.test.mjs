// Messages that do not stay: after a time, or once they were opened.

import assert from "node:assert/strict";

import { assertSame, bytes, choose, download, fileOf, ownFiles, sendChosen } from "../support/files.mjs";
import { UNSERVED, fails } from "../support/journey.mjs";
import { hear, message, open, say, sent, writeTo } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
/** What a page keeps of files beside its database. */
const KEPT = "/.huis-files-1/";

/** Waits until a page keeps nothing of files. */
const keepsNothing = (page) =>
  page.waitForFunction(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(".huis-files-1").catch(() => undefined);
    if (!folder) return true;
    for await (const _ of folder.keys()) return false;
    return true;
  });

async function acquainted(stage, options) {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member", options)];
  await writeTo(one.page, other.name);
  await say(one.page, "Good morning");
  await sent(one.page, "Good morning");
  await other.page.locator('[data-view="requests"]').getByText(one.name).first().click();
  await other.page.getByRole("button", { name: "Accept" }).click();
  await hear(other.page, "Good morning");
  return [one.page, other.page, one.name];
}

story("what is said under a timer goes by itself, and what was said before it stays", running, async (stage) => {
  const [page, other, name] = await acquainted(stage);
  await page.locator("button.talk-title").click();
  await page.locator("#vanish-after").selectOption("30");
  await page.locator('[data-view="timeline"]').getByText(/vanish 30 s after they are read/).first().waitFor();
  await other.locator('[data-view="timeline"]').getByText(/vanish 30 s after they are read/).first().waitFor();
  await page.keyboard.press("Escape");
  await say(page, "Only for a moment");
  await hear(other, "Only for a moment");
  await message(other, "Only for a moment").getByTestId("vanishes").waitFor();
  await choose(page, { name: "moment.txt", mimeType: "text/plain", buffer: bytes(2000) });
  await sendChosen(page);
  await fileOf(other, "moment.txt").waitFor();
  for (const one of [page, other]) {
    await one.getByText("Only for a moment", { exact: true }).first().waitFor({ state: "detached" });
    await fileOf(one, "moment.txt").waitFor({ state: "detached" });
    await hear(one, "Good morning");
  }
  // Neither does the search find it, and a page that comes back does not have it.
  await other.locator("#search-field").fill("moment");
  await other.locator('[data-view="found"]').getByText("No message found").waitFor();
  assert.equal(await other.locator('[data-view="found"] button').count(), 0);
  await other.reload();
  await open(other, name);
  await hear(other, "Good morning");
  assert.equal(await other.getByText("Only for a moment").count(), 0);
});

story("what can be opened once is opened once", running, async (stage) => {
  const [page, other, name] = await acquainted(stage);
  const once = page.getByRole("button", { name: "Can be opened once" });
  await once.click();
  assert.equal(await once.getAttribute("aria-pressed"), "true");
  await say(page, "The code is 4711");
  await page.getByText("Can be opened once; it is not kept here.").waitFor();
  assert.equal(await once.getAttribute("aria-pressed"), "false", "the next one stays again");

  await other.getByTestId("open-once").waitFor();
  assert.equal(await other.getByText("The code is 4711").count(), 0, "closed it tells nothing");
  await other.getByTestId("open-once").click();
  await other.getByTestId("opened-once").getByText("The code is 4711").waitFor();
  await other.keyboard.press("Escape");
  await other.getByTestId("opened-once").waitFor({ state: "detached" });
  await other.getByTestId("open-once").waitFor({ state: "detached" });
  assert.equal(await other.getByText("The code is 4711").count(), 0);
  await other.reload();
  await open(other, name);
  await hear(other, "Good morning");
  assert.equal(await other.getByText("The code is 4711").count(), 0);
});

story("of a file that vanishes nothing stays, also where half of it was fetched", running, async (stage) => {
  const [page, other] = await acquainted(stage, UNSERVED);
  const secret = "the moment that nobody finds again";
  const large = Buffer.concat([bytes(17 * 1024 * 1024), Buffer.from(secret), bytes(1024)]);
  await page.locator("button.talk-title").click();
  await page.locator("#vanish-after").selectOption("30");
  await other.locator('[data-view="timeline"]').getByText(/vanish 30 s after they are read/).first().waitFor();
  await page.keyboard.press("Escape");
  const half = fails(other, "GET", "**/api/v1/files/*/content", 9 * 1024 * 1024);
  await choose(page, { name: "moment.bin", mimeType: "", buffer: large });
  await sendChosen(page);
  await other.getByRole("button", { name: "Download moment.bin" }).click();
  await half.reached;
  const kept = await ownFiles(other, secret);
  assert.ok(kept.files.some((file) => file.path.startsWith(KEPT) && file.size > 0), "half of it is here");
  for (const one of [page, other]) {
    await fileOf(one, "moment.bin").waitFor({ state: "detached" });
    await keepsNothing(one);
    assert.deepEqual((await ownFiles(one, "moment.bin")).holding, []);
    assert.deepEqual((await ownFiles(one, secret)).holding, []);
  }
});

story("a file is opened once: it can be fetched then, and is kept nowhere", running, async (stage) => {
  const [page, other] = await acquainted(stage);
  const plan = Buffer.concat([bytes(3000), Buffer.from("the plan for one look")]);
  await page.getByRole("button", { name: "Can be opened once" }).click();
  await choose(page, { name: "plan.txt", mimeType: "text/plain", buffer: plan });
  await sendChosen(page, "Look at this");
  await page.getByText("Can be opened once; it is not kept here.").waitFor();
  await other.getByTestId("open-once").waitFor();
  assert.equal(await other.getByText("plan.txt").count(), 0, "closed it tells nothing");
  await other.getByTestId("open-once").click();
  await other.getByTestId("opened-once").getByText("Look at this").waitFor();
  await other.getByTestId("opened-once").getByText("For an hour its files can be fetched here.").waitFor();
  await other.keyboard.press("Escape");
  const saved = await download(other, "plan.txt");
  assertSame(saved.bytes, plan);
  await other.getByTestId("open-once").waitFor({ state: "detached" });
  for (const one of [page, other]) {
    await keepsNothing(one);
    assert.deepEqual((await ownFiles(one, "the plan for one look")).holding, []);
  }
  assert.equal(await page.getByText("plan.txt").count(), 0, "whoever sent it has it no more");
});
