// axe-core on forms and states that come seldom: what takes a password, what is wrong, what is over. Light and dark, nothing
// serious.

import { code } from "../support/authenticator.mjs";
import { checkInBoth as check } from "../support/axe.mjs";
import { PHONE } from "../support/browser.mjs";
import { bytes, choose, sendChosen } from "../support/files.mjs";
import { act, acquainted, backToList, confirm, hear, message, openDetails, openSettings, say, sent } from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";
import { changing } from "../support/traffic.mjs";

const running = server("--file-size-mib", "1");

/** Closes what is open above the page. */
async function close(page) {
  await page.keyboard.press("Escape");
  await page.locator("dialog").first().waitFor({ state: "detached" });
}

for (const [size, options] of Object.entries({ phone: { viewport: PHONE, reducedMotion: "reduce" }, desktop: { reducedMotion: "reduce" } })) {
  story(`what takes a password can be used by everybody: ${size}`, running, async (stage) => {
    const { page, name } = await stage.newcomer("member", options);
    await stage.server.terminal(`other-${size}`, "login", name, "--server", stage.server.url);
    await openSettings(page, "Account");
    await page.getByRole("button", { name: /^Take off/ }).waitFor();
    await check(page, "devices");
    const form = page.locator('[data-view="password-form"]');
    for (const what of ["Change the password", "Make a new recovery key", "Turn the second factor on", "Sign out", /^Take off/]) {
      await page.locator('[data-view="settings"]').getByRole("button", { name: what, exact: true }).last().click();
      await form.waitFor();
      await check(page, String(what));
      await form.getByRole("button", { name: "Cancel" }).click();
      await form.waitFor({ state: "detached" });
    }
    await page.getByRole("button", { name: "Change the password" }).click();
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("This is needed.").waitFor();
    await check(page, "a form with something wrong");
    await form.getByRole("button", { name: "Cancel" }).click();

    await page.getByRole("button", { name: "Turn the second factor on" }).click();
    await page.locator("#account-password").fill(PASSWORD);
    await form.locator('button[type="submit"]').click();
    const factor = page.locator('[data-view="second-factor"]');
    await factor.waitFor();
    await check(page, "a second factor to scan");
    await page.locator("#factor-code").fill(code(await factor.locator('[data-testid="factor-secret"]').innerText()));
    await factor.getByRole("button", { name: "Turn the second factor on" }).click();
    await page.locator('[data-view="recovery-codes"] li').first().waitFor();
    await check(page, "recovery codes");
    await page.getByRole("button", { name: "I keep them" }).click();
    for (const what of ["Make other recovery codes", "Turn the second factor off"]) {
      await page.getByRole("button", { name: what }).click();
      await form.waitFor();
      await check(page, what);
      await form.getByRole("button", { name: "Cancel" }).click();
    }
  });

  story(`what is wrong, over or new can be used by everybody: ${size}`, running, async (stage) => {
    const way = await changing(stage.server.url);
    const real = stage.server;
    stage.server = Object.assign(Object.create(real), { url: way.url, link: real.link.replace(real.url, way.url) });
    const [one, other] = await acquainted(stage, options);
    const { page } = one;
    await other.page.getByRole("button", { name: "Can be opened once" }).click();
    await say(other.page, "For one look");
    await page.getByTestId("open-once").click();
    await page.getByTestId("opened-once").getByText("For one look").waitFor();
    await check(page, "what is opened once");
    await close(page);

    await say(other.page, "Something to report");
    await hear(page, "Something to report");
    await act(page, "Something to report", "Report");
    await page.locator("dialog.for-report").waitFor();
    await check(page, "the report of a message");
    await close(page);
    await openDetails(page);
    await page.locator(".contact-buttons").getByRole("button", { name: "Report", exact: true }).click();
    await page.locator("dialog.for-report").waitFor();
    await check(page, "the report of a person");
    await close(page);
    await page.locator("#details-close").click();
    await backToList(page);
    await openSettings(page, "Account");
    await page.getByRole("button", { name: "Your reports" }).click();
    await page.locator("dialog.for-reports").waitFor();
    await check(page, "one's own reports");
    await close(page);

    // A group: who is brought in, what it is called, and what is left of it.
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await page.getByRole("tab", { name: "Group" }).click();
    await page.locator("#begin-title").fill(`choir of a ${size}`);
    await page.locator("#begin-people").fill(other.name);
    await page.getByRole("button", { name: "Make the group" }).click();
    await say(page, "Welcome");
    await sent(page, "Welcome");
    await openDetails(page);
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await page.locator("#invite-names").waitFor();
    await check(page, "people to invite");
    await page.locator("#invite-names").fill("nobody-of-this-name");
    await page.locator("dialog.for-invite").getByRole("button", { name: "Invite" }).click();
    await page.locator("dialog.for-invite .is-wrong").waitFor();
    await check(page, "somebody who is not there");
    await close(page);
    await page.getByRole("button", { name: "Title and topic" }).click();
    await page.locator("#describe-topic").waitFor();
    await check(page, "title and topic");
    await close(page);
    await page.locator("#details-close").click();

    // What cannot go.
    await choose(page, { name: "large.bin", mimeType: "", buffer: bytes(2 * 1024 * 1024) });
    await sendChosen(page);
    await page.locator(".message.has-failed .trouble").waitFor();
    await check(page, "a message that did not go");
    await openDetails(page);
    await page.locator(".details-last").getByText("Leave").click();
    await confirm(page);
    await page.locator("#details-close").click();
    await page.locator('[data-view="closed"]').getByText(/You are no longer in this conversation/).waitFor();
    await check(page, "a conversation that was left");
    await backToList(page);

    // The key of somebody changes.
    const holder = `holder-of-a-${size}`;
    await real.newcomerInTerminal(holder);
    await real.terminal(holder, "send", `@${one.name}`, "It is me");
    await page.locator('[data-view="requests"]').getByText(holder).first().click();
    await page.getByRole("button", { name: "Accept" }).click();
    await say(page, "I see");
    await sent(page, "I see");
    await real.terminal(holder, "receive");
    await real.renewsIdentity(holder, `${PASSWORD}-renewed`);
    await page.locator(".strip.changed").waitFor();
    await check(page, "a key that changed");
    await say(page, "Are you still you?");
    await message(page, "Are you still you?").getByText("Waits.").waitFor();
    await check(page, "a message that waits");
    await backToList(page);

    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    way.change("/sw.js", (source) => source.replace(/const VERSION = "huis-/, "$&newer-"));
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await page.locator('[data-view="update"]').waitFor();
    await check(page, "a new version");
    await way.close();
  });
}
