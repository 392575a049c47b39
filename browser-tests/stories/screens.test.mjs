// Every screen, as a phone and a desktop show it. The pictures in docs/screens are these (`cargo xtask screens`).

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { DESKTOP, PHONE } from "../support/browser.mjs";
import { bytes, choose, fileIsSent, fileOf, loseFiles, photo, sendChosen } from "../support/files.mjs";
import { UNSERVED } from "../support/journey.mjs";
import {
  act, actOn, backToList, enterLobby, hear, message, open, openDetails, openSettings, register, say, sent, writeTo,
} from "../support/people.mjs";
import { PASSWORD } from "../support/server.mjs";
import { server, story } from "../support/story.mjs";
import { sendNote, speak } from "../support/voices.mjs";

const FOLDER = process.env.HUIS_SCREENS ?? (await mkdtemp(join(tmpdir(), "huis-screens-")));
after(async () => {
  if (!process.env.HUIS_SCREENS) await rm(FOLDER, { recursive: true });
});
const SIZES = { phone: PHONE, desktop: DESKTOP };

async function member(stage, name, options) {
  const page = await stage.page(options);
  await register(page, stage.server, name);
  return { page, name };
}

/** Of these there are dark pictures as well; the others are gone through in the dark, and look alike. */
const IN_THE_DARK = ["register", "conversation", "list", "settings-app"];

/** A picture of the page as it is once nothing moves any more. */
async function picture(page, name) {
  await page.locator('[data-view="toast"] > *').first().waitFor({ state: "detached" });
  await page.evaluate(() => document.activeElement?.blur());
  await page.mouse.move(0, 0);
  if (name.endsWith("-dark") && !IN_THE_DARK.some((one) => name.startsWith(`${one}-`))) return;
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled", caret: "hide" });
}

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    // A server for each, so that the same names are free.
    const running = server();
    story(`every screen has its picture: ${size}, ${colorScheme}`, running, async (stage) => {
      await mkdir(FOLDER, { recursive: true });
      const options = { viewport, colorScheme, reducedMotion: "reduce" };
      const end = `${size}-${colorScheme}`;
      const fresh = await stage.page(options);
      await fresh.goto(stage.server.link);
      await fresh.locator("#username").waitFor();
      await picture(fresh, `register-${end}`);
      await fresh.locator("#username").fill("newcomer");
      await fresh.locator("#password").fill(PASSWORD);
      await fresh.getByRole("button", { name: "Create account" }).click();
      await fresh.locator('[data-view="entry"][data-state="recovery-key"]').waitFor();
      await picture(fresh, `recovery-key-${end}`);

      const me = await member(stage, "member-a", { ...options, microphone: true });
      const other = await member(stage, "member-b");
      const third = await member(stage, "member-c");
      await picture(me.page, `empty-${end}`);

      await enterLobby(me.page);
      await enterLobby(other.page);
      await say(other.page, "Welcome, everybody. The hall is ours on **Thursday** from six.");
      await hear(me.page, "Welcome, everybody. The hall is ours on Thursday from six.");
      await say(me.page, "I bring the projector. The programme is at https://example.org/programme");
      await sent(me.page, "I bring the projector.");

      await writeTo(other.page, me.name);
      await say(other.page, "Did you see the draft?");
      await backToList(me.page);
      await me.page.locator('[data-view="requests"]').getByText(other.name).first().click();
      await hear(me.page, "Did you see the draft?");
      await picture(me.page, `request-${end}`);
      await me.page.getByRole("button", { name: "Accept" }).click();
      await act(me.page, "Did you see the draft?", "Reply");
      await say(me.page, "Yes. Two remarks, both small:");
      await say(me.page, "`page 3` wants a date, and *the last line* is missing.");
      await hear(other.page, "Yes. Two remarks, both small:");
      await message(other.page, "Yes. Two remarks, both small:").hover();
      await message(other.page, "Yes. Two remarks, both small:").getByRole("button", { name: "React" }).click();
      await other.page.getByRole("dialog").getByRole("button", { name: "👍" }).first().click();
      await say(other.page, "Thanks! I will mend both tonight.");
      await hear(me.page, "Thanks! I will mend both tonight.");
      await message(me.page, "Yes. Two remarks, both small:").locator(".reaction").waitFor();
      await picture(me.page, `conversation-${end}`);

      await act(me.page, "Thanks! I will mend both tonight.", "Report");
      await me.page.locator('[data-view="report-form"]').waitFor();
      await picture(me.page, `report-${end}`);
      await me.page.keyboard.press("Escape");
      await me.page.locator("dialog").waitFor({ state: "detached" });

      await me.page.locator("button.talk-title").click();
      await me.page.locator('[data-view="details"]').waitFor();
      await picture(me.page, `details-${end}`);
      await me.page.keyboard.press("Escape");

      await other.page.getByRole("button", { name: "Can be opened once" }).click();
      await say(other.page, "The code of the door is 4711");
      await me.page.getByTestId("open-once").waitFor();
      await choose(
        other.page,
        { name: "hall.jpg", mimeType: "image/jpeg", buffer: await photo(other.page) },
        { name: "programme.pdf", mimeType: "application/pdf", buffer: bytes(180_000) },
      );
      await sendChosen(other.page, "As we said:");
      await fileOf(me.page, "programme.pdf").waitFor();
      await picture(me.page, `files-${end}`);

      // What plays where it stands comes by the service worker.
      await me.page.waitForFunction(() => navigator.serviceWorker.controller);
      await speak(me.page);
      await picture(me.page, `recording-${end}`);
      await sendNote(me.page);
      await fileIsSent(me.page, /^Voice note, /);
      await picture(me.page, `voice-${end}`);

      await me.page.getByRole("button", { name: "Open later", exact: true }).click();
      await me.page.locator("#later-date").waitFor();
      await picture(me.page, `later-${end}`);
      await me.page.getByRole("button", { name: "Tomorrow morning" }).click();
      await me.page.locator('.composer [data-view="later"]').waitFor();
      await say(me.page, "And this is what we open then.");
      await sent(me.page, "And this is what we open then.");
      await other.page.getByRole("button", { name: "Open later", exact: true }).click();
      await other.page.getByRole("button", { name: "Tomorrow morning" }).click();
      await say(other.page, "Mine as well.");
      await me.page.locator('.message-lock[data-lock="sealed"]').waitFor();
      await me.page.getByRole("button", { name: "Open later", exact: true }).click();
      await me.page.getByRole("button", { name: "Tomorrow morning" }).click();
      await me.page.locator('.composer [data-view="later"]').waitFor();
      await picture(me.page, `locked-until-${end}`);
      await me.page.getByRole("button", { name: "No lock" }).click();
      await me.page.getByRole("button", { name: "Open later", exact: true }).click();
      await me.page.getByRole("button", { name: "What opens later" }).click();
      await me.page.locator('[data-view="locks-waiting"] .lock-row').nth(1).waitFor();
      await picture(me.page, `locks-${end}`);
      await me.page.keyboard.press("Escape");
      await backToList(me.page);

      await writeTo(third.page, me.name);
      await say(third.page, "Is there a seat left for Thursday?");
      await me.page.locator('[data-view="requests"]').getByText(third.name).first().waitFor();
      await picture(me.page, `list-${end}`);

      await me.page.locator("#search-field").fill("draft");
      await me.page.locator('[data-view="found"] mark').first().waitFor();
      await picture(me.page, `search-${end}`);
      await me.page.locator("#search-field").fill("");

      await me.page.getByRole("button", { name: "New conversation" }).first().click();
      await me.page.locator("#begin-name").waitFor();
      await picture(me.page, `new-conversation-${end}`);
      await me.page.keyboard.press("Escape");

      await me.page.getByRole("button", { name: "Settings", exact: true }).first().click();
      for (const part of ["Profile", "App", "Account", "Server"]) {
        await me.page.getByRole("tab", { name: part }).click();
        await picture(me.page, `settings-${part.toLowerCase()}-${end}`);
      }
      await me.page.keyboard.press("Escape");

      await open(me.page, "#lobby");
      await stage.server.kill();
      await me.page.locator('[data-view="strip"][data-state="offline"]').filter({ visible: true }).waitFor();
      await say(me.page, "Written in the train");
      await message(me.page, "Written in the train").waitFor();
      await picture(me.page, `offline-${end}`);
      await stage.server.run();
      await sent(me.page, "Written in the train");

      const second = await me.page.context().newPage();
      await second.goto(`${stage.server.url}/`);
      await second.locator('[data-view="entry"][data-state="elsewhere"]').waitFor();
      await picture(second, `elsewhere-${end}`);
      await second.close();

      await backToList(me.page);
      await me.page.getByRole("button", { name: "Settings", exact: true }).first().click();
      await me.page.getByRole("tab", { name: "Account" }).click();
      await me.page.getByRole("button", { name: "Lock" }).first().click();
      await me.page.getByRole("dialog").last().getByRole("button", { name: "Lock" }).last().click();
      await me.page.locator('[data-view="entry"][data-state="locked"]').waitFor();
      await picture(me.page, `locked-${end}`);
    });
  }
}

const entry = (page, state) => page.locator(`[data-view="entry"][data-state="${state}"]`);

for (const [size, viewport] of Object.entries(SIZES)) {
  const running = server("--file-size-mib", "1");
  story(`what is seen seldom has its picture: ${size}`, running, async (stage) => {
    await mkdir(FOLDER, { recursive: true });
    const { server } = stage;
    const options = { viewport, colorScheme: "light", reducedMotion: "reduce" };
    const end = `${size}-light`;
    const shows = (page, name) => picture(page, `${name}-${end}`);

    const fresh = await stage.page(options);
    await fresh.goto(`${server.url}/`);
    await entry(fresh, "welcome").waitFor();
    await shows(fresh, "welcome");
    await fresh.getByRole("button", { name: "I have an account" }).click();
    await entry(fresh, "sign-in").waitFor();
    await shows(fresh, "sign-in");
    await fresh.getByRole("button", { name: "I have forgotten my password" }).click();
    await entry(fresh, "recover").waitFor();
    await shows(fresh, "recover");

    // A name without a certificate: what comes from there has no place for keys.
    const plain = await stage.page(options);
    stage.server = Object.assign(Object.create(server), { url: "http://huis.test" });
    await plain.context().route("http://huis.test/**", async (route) => {
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: server.url + pathname }) });
    });
    await plain.goto("http://huis.test/");
    await entry(plain, "insecure").waitFor();
    await shows(plain, "insecure");
    stage.server = server;

    const me = await member(stage, "member-a", options);
    const other = await member(stage, "member-b");
    await enterLobby(me.page);
    await enterLobby(other.page);
    await say(me.page, "The hall is ours on Thursday from six.");
    await sent(me.page, "The hall is ours on Thursday from six.");
    await hear(other.page, "The hall is ours on Thursday from six.");
    await say(other.page, "I bring the projector.");
    await hear(me.page, "I bring the projector.");
    await writeTo(other.page, "member-a");
    await say(other.page, "Did you see the draft?");
    await backToList(me.page);
    await me.page.locator('[data-view="requests"]').getByText("member-b").first().click();
    await me.page.getByRole("button", { name: "Accept" }).click();
    await say(me.page, "Yes. Two remarks, both small.");
    const row = message(me.page, "Yes. Two remarks, both small.");
    await row.and(me.page.locator('[data-state="read"]')).waitFor();

    const close = async () => {
      await me.page.keyboard.press("Escape");
      await me.page.locator("dialog").first().waitFor({ state: "detached" });
    };
    await row.hover();
    await row.getByRole("button", { name: "More" }).click();
    await me.page.locator('[data-view="menu"]').waitFor();
    await shows(me.page, "menu");
    await me.page.locator('[data-view="menu"]').getByRole("button", { name: "More emoji" }).click();
    await me.page.locator("dialog.for-emoji").waitFor();
    await shows(me.page, "emoji");
    await close();
    await act(me.page, "Yes. Two remarks, both small.", "Who has it");
    await me.page.locator("dialog.for-receipts .person-row").first().waitFor();
    await shows(me.page, "receipts");
    await close();
    await backToList(me.page);
    await open(me.page, "#lobby");
    await message(me.page, "I bring the projector.").locator(".message-author").click();
    await me.page.locator("dialog.for-person .safety").waitFor();
    await me.page.locator("details.code summary").click();
    await me.page.locator(".code-drawn").scrollIntoViewIfNeeded();
    await shows(me.page, "person");
    await close();
    await backToList(me.page);

    await me.page.getByRole("button", { name: "New conversation" }).first().click();
    await me.page.getByRole("tab", { name: "Open room" }).click();
    await me.page.locator("dialog.for-begin .person-row").first().waitFor();
    await shows(me.page, "new-room");
    await me.page.getByRole("tab", { name: "Group" }).click();
    await me.page.locator("#begin-title").fill("summer club");
    await me.page.locator("#begin-people").fill("member-b");
    await shows(me.page, "new-group");
    await me.page.getByRole("button", { name: "Make the group" }).click();
    await me.page.locator("#composer-text").waitFor();
    await say(me.page, "Who comes to the picnic?");
    await sent(me.page, "Who comes to the picnic?");
    await openDetails(me.page);
    await me.page.locator(".member-row").nth(1).waitFor();
    await me.page.getByRole("button", { name: "Invite", exact: true }).click();
    await me.page.locator("#invite-names").fill("member-c");
    // A desktop shows the same before a page whose picture is large.
    if (size === "phone") await shows(me.page, "invite");
    await close();
    await me.page.locator("#details-close").click();
    await act(me.page, "Who comes to the picnic?", "Forward");
    await me.page.locator("dialog.for-forward .person-row").nth(1).waitFor();
    await shows(me.page, "forward");
    await close();
    await choose(me.page, { name: "whole-film.mp4", mimeType: "video/mp4", buffer: bytes(2_000_000) });
    await sendChosen(me.page);
    await me.page.locator(".message.has-failed .trouble").waitFor();
    await shows(me.page, "failed");

    await backToList(me.page);
    await actOn(me.page, "#lobby", "Archive");
    await me.page.locator('[data-view="archive"] .list-fold').click();
    await me.page.locator('[data-view="archive"] .list-item').waitFor();
    await shows(me.page, "archive");
    await actOn(me.page, "#summer club", "Leave");
    await me.page.getByTestId("confirm-yes").waitFor();
    await shows(me.page, "question");
    await close();
    await openSettings(me.page, "App");
    await me.page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await me.page.locator("dialog.for-shortcuts").waitFor();
    await shows(me.page, "shortcuts");
    await close();

    const second = await me.page.context().newPage();
    await second.goto(`${server.url}/`);
    await second.getByRole("button", { name: "Go on here" }).click();
    await second.locator('[data-view="list"]').waitFor();
    await entry(me.page, "taken-over").waitFor();
    await shows(me.page, "taken-over");
    await me.page.close();
    await server.terminal("keeper", "register", "keeper", "--server", server.url, "--claim", server.claim);
    await server.terminal("keeper", "admin", "kick", "member-a");
    await entry(second, "sign-in-again").waitFor();
    await shows(second, "sign-in-again");
    await second.goto(`${server.url}/api/v1/server`);
    await loseFiles(second);
    await second.goto(`${server.url}/`);
    await entry(second, "lost").waitFor();
    await shows(second, "lost");

    // A page whose worker does not come yet.
    const slow = await stage.page({ ...options, ...UNSERVED });
    let letGo;
    const isSeen = new Promise((resolve) => (letGo = resolve));
    await slow.context().route("**/worker-*.wasm", (route) => isSeen.then(() => route.continue()));
    await slow.goto(`${server.url}/`);
    await slow.locator('[data-view="opening"] .skeleton').waitFor();
    await shows(slow, "loading");
    letGo();
    await entry(slow, "welcome").waitFor();
  });
}
