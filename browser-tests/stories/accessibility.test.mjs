// axe-core on every page, light and dark: nothing serious.

import { check } from "../support/axe.mjs";
import { DESKTOP, PHONE } from "../support/browser.mjs";
import { choose, fileIsSent, photo, sendChosen } from "../support/files.mjs";
import { enterLobby, say, sent } from "../support/people.mjs";
import { server, story } from "../support/story.mjs";
import { sendNote, speak } from "../support/voices.mjs";

const running = server();

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    story(`every page can be used by everybody: ${size}, ${colorScheme}`, running, async (stage) => {
      const options = { viewport, colorScheme, reducedMotion: "reduce" };
      const fresh = await stage.page(options);
      await fresh.goto(`${stage.server.url}/`);
      await fresh.locator('[data-view="entry"]').waitFor();
      await check(fresh, "welcome");
      // A link that differs behind its # alone is no other page.
      await fresh.goto("about:blank");
      await fresh.goto(stage.server.link);
      await fresh.locator("#username").waitFor();
      await check(fresh, "registration");

      const { page } = await stage.newcomer("member", { ...options, microphone: true });
      await check(page, "empty list");
      await enterLobby(page);
      await say(page, "Something **to look at**, with `code` and https://example.org");
      await sent(page, "Something");
      await check(page, "conversation");
      await choose(
        page,
        { name: "garden.jpg", mimeType: "image/jpeg", buffer: await photo(page) },
        { name: "report.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-") },
      );
      await check(page, "files to send");
      await sendChosen(page);
      await fileIsSent(page, "report.pdf");
      await check(page, "files in a conversation");
      await page.locator("button.picture").click();
      await page.locator('[data-view="viewer"][data-state="ready"]').waitFor();
      await check(page, "a picture");
      await page.keyboard.press("Escape");
      await page.waitForFunction(() => navigator.serviceWorker.controller);
      await speak(page);
      await check(page, "a voice note that is spoken");
      await sendNote(page);
      await fileIsSent(page, /^Voice note, /);
      await check(page, "a voice note in a conversation");
      await page.getByRole("button", { name: "Open later", exact: true }).click();
      await page.locator("#later-date").waitFor();
      await check(page, "a moment to choose");
      await page.getByRole("button", { name: "Tomorrow morning" }).click();
      await page.locator('.composer [data-view="later"]').waitFor();
      await say(page, "Something for tomorrow");
      await sent(page, "Something for tomorrow");
      await check(page, "a locked message");
      await page.getByRole("button", { name: "Open later", exact: true }).click();
      await page.getByRole("button", { name: "What opens later" }).click();
      await page.locator('[data-view="locks-waiting"] .lock-row').waitFor();
      await check(page, "what opens later");
      await page.keyboard.press("Escape");
      const back = page.getByRole("button", { name: "Back" }).first();
      await page.locator("button.talk-title").click();
      await page.locator('[data-view="details"]').waitFor();
      await check(page, "details");
      await page.keyboard.press("Escape");
      if (size === "phone") {
        while (await back.isVisible()) await back.click();
        await page.locator('[data-view="list"]').waitFor();
      }
      await page.getByRole("button", { name: "New conversation" }).first().click();
      await page.locator("#begin-name").waitFor();
      await check(page, "new conversation");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Settings", exact: true }).first().click();
      for (const part of ["Profile", "App", "Account", "Server"]) {
        await page.getByRole("tab", { name: part }).click();
        await check(page, `settings: ${part}`);
      }
    });
  }
}
