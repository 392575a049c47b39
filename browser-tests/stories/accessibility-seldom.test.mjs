// axe-core on what people see seldom: the ways in and out, menus and dialogs, what is wrong. Light and dark, nothing serious.

import { checkInBoth as check } from "../support/axe.mjs";
import { DESKTOP, PHONE } from "../support/browser.mjs";
import { loseFiles } from "../support/files.mjs";
import {
  act, acquainted, backToList, confirm, enterRoom, listed, loseNetwork, message, open, openDetails, openSettings, say, sent,
} from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);

/** Closes what is open above the page. */
async function close(page) {
  await page.keyboard.press("Escape");
  await page.locator("dialog").first().waitFor({ state: "detached" });
}

for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
  const options = { viewport, reducedMotion: "reduce" };

  story(`the ways in and out can be used by everybody: ${size}`, running, async (stage) => {
    const page = await stage.page(options);
    await page.goto(`${stage.server.url}/`);
    await page.getByRole("button", { name: "I have an account" }).click();
    await entry(page, "sign-in").waitFor();
    await check(page, "sign-in");
    await page.getByRole("button", { name: "I have forgotten my password" }).click();
    await entry(page, "recover").waitFor();
    await page.getByRole("button", { name: "Set the new password" }).click();
    await page.getByText("This is needed.").waitFor();
    await check(page, "a new password, with something wrong");
    await page.goto("about:blank");
    await page.goto(stage.server.link);
    await page.locator("#username").fill(`seldom-on-a-${size}`);
    await page.locator("#password").fill(PASSWORD);
    await page.getByRole("button", { name: "Create account" }).click();
    await entry(page, "recovery-key").waitFor();
    await check(page, "recovery key");
    await page.getByRole("button", { name: "I have kept it" }).click();

    await openSettings(page, "Account");
    await page.getByRole("button", { name: "Lock" }).first().click();
    await page.getByTestId("confirm-yes").waitFor();
    await check(page, "a question");
    await confirm(page);
    await entry(page, "locked").waitFor();
    await check(page, "locked");
    await page.locator("#password").fill("another-password-than-this");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByText("The password is wrong").first().waitFor();
    await check(page, "locked, with a wrong password");

    const second = await page.context().newPage();
    await second.goto(`${stage.server.url}/`);
    await entry(second, "elsewhere").waitFor();
    await check(second, "open elsewhere");
    await second.close();

    await page.goto(`${stage.server.url}/api/v1/server`);
    await loseFiles(page);
    await page.goto(`${stage.server.url}/`);
    await entry(page, "lost").waitFor();
    await check(page, "lost");
  });

  story(`menus and dialogs can be used by everybody: ${size}`, running, async (stage) => {
    const [{ page, name }, other] = await acquainted(stage, options);
    await say(page, "Something to act on");
    await sent(page, "Something to act on");
    await message(page, "Something to act on").hover();
    await message(page, "Something to act on").getByRole("button", { name: "More" }).click();
    await page.locator('[data-view="menu"]').waitFor();
    await check(page, "the menu of a message");
    await page.locator('[data-view="menu"]').getByRole("button", { name: "More emoji" }).click();
    await page.locator("dialog.for-emoji").waitFor();
    await check(page, "reactions");
    await close(page);
    // A phone's own keyboard has them.
    if (size === "desktop") {
      await page.getByRole("button", { name: "Emoji", exact: true }).click();
      await page.locator("dialog.for-emoji").waitFor();
      await check(page, "emoji");
      await close(page);
    }
    await act(page, "Something to act on", "Forward");
    await page.locator("dialog.for-forward .person-row").first().waitFor();
    await check(page, "forward");
    await close(page);
    await act(page, "Something to act on", "Who has it");
    await page.locator("dialog.for-receipts .person-row").first().waitFor();
    await check(page, "who has it");
    await close(page);
    await openDetails(page);
    await page.locator("details.code summary").click();
    await page.locator(".code-drawn").waitFor();
    await check(page, "a person with the code to scan");
    await page.locator("#details-close").click();

    await enterRoom(page, `seldom-on-a-${size}`);
    await enterRoom(other.page, `seldom-on-a-${size}`);
    await say(other.page, "In the room");
    await message(page, "In the room").locator(".message-author").click();
    await page.locator("dialog.for-person .safety").waitFor();
    await check(page, "a person");
    await close(page);
    await backToList(page);
    await listed(page, other.name).locator(".list-row").click({ button: "right" });
    await page.locator('[data-view="menu"]').waitFor();
    await check(page, "the menu of a conversation");
    await close(page);
    await page.locator("#search-field").fill("something");
    await page.locator('[data-view="found"] mark').first().waitFor();
    await check(page, "what was found");
    await page.locator("#search-field").fill("");
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await page.getByRole("tab", { name: "Group" }).click();
    await page.locator("#begin-title").waitFor();
    await check(page, "a group to make");
    await page.getByRole("tab", { name: "Open room" }).click();
    await page.locator("dialog.for-begin .person-row").first().waitFor();
    await check(page, "a room to go into");
    await close(page);
    await openSettings(page, "App");
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await page.locator("dialog.for-shortcuts").waitFor();
    await check(page, "keys");
    await close(page);

    const stranger = `stranger-of-a-${size}`;
    await stage.server.newcomerInTerminal(stranger);
    await stage.server.terminal(stranger, "send", `@${name}`, "May I ask something?");
    await page.locator('[data-view="requests"]').getByText(stranger).first().click();
    await page.locator('[data-view="closed"]').waitFor();
    await check(page, "a request");
    await backToList(page);

    await loseNetwork(page);
    await open(page, other.name);
    await say(page, "Not sent yet");
    await page.locator('[data-view="strip"][data-state="offline"]').filter({ visible: true }).first().waitFor();
    await check(page, "offline");
  });
}
