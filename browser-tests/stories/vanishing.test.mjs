// Messages that do not stay: after a time, or once they were opened.

import assert from "node:assert/strict";

import { bytes, choose, fileOf, sendChosen } from "../support/files.mjs";
import { hear, message, say, sent, writeTo } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

async function acquainted(stage) {
  const [one, other] = [await stage.newcomer("member"), await stage.newcomer("member")];
  await writeTo(one.page, other.name);
  await say(one.page, "Good morning");
  await sent(one.page, "Good morning");
  await other.page.locator('[data-view="requests"]').getByText(one.name).first().click();
  await other.page.getByRole("button", { name: "Accept" }).click();
  await hear(other.page, "Good morning");
  return [one.page, other.page];
}

story("what is said under a timer goes by itself, and what was said before it stays", running, async (stage) => {
  const [page, other] = await acquainted(stage);
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
  await other.reload();
  // The only conversation there is opens by itself.
  await hear(other, "Good morning");
  assert.equal(await other.getByText("Only for a moment").count(), 0);
});

story("what can be opened once is opened once", running, async (stage) => {
  const [page, other] = await acquainted(stage);
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
  await hear(other, "Good morning");
  assert.equal(await other.getByText("The code is 4711").count(), 0);
});
