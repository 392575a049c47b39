// The administration pages, opened from a terminal: an account is found, suspended and let in again, a report is closed.

import assert from "node:assert/strict";

import { check, checkInBoth } from "../support/axe.mjs";
import { DESKTOP, PHONE } from "../support/browser.mjs";
import { server, story } from "../support/story.mjs";

const running = server();

/** The link that `huis admin open` prints. */
async function link(stage, who = "head") {
  const { link } = JSON.parse(await stage.server.terminal(who, "--json", "admin", "open"));
  return link;
}

const tab = (page, name) => page.getByRole("navigation").getByRole("button", { name, exact: true });

story("who looks after a server does so in a page that is opened once from a terminal", running, async (stage) => {
  const { server } = stage;
  await server.terminal("head", "register", "head", "--server", server.url, "--claim", server.claim);
  await server.newcomerInTerminal("anna");
  await server.newcomerInTerminal("mallory");
  await server.terminal("anna", "report", "@mallory", "--as", "spam", "--note", "The same offer every day");

  const page = await stage.page({ viewport: DESKTOP });
  const opened = await link(stage);
  await page.goto(opened);
  await tab(page, "Accounts").waitFor();
  assert.equal(new URL(page.url()).hash, "", "the code stays in no address");
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
  assert.deepEqual(loaded.filter((path) => /wasm$|worker|^\/ui-/.test(path)), [], "nothing of the messenger is loaded");

  // The link is used up.
  const other = await stage.page({ viewport: PHONE });
  await other.goto(opened);
  await other.getByText("proof-refused").waitFor();
  await check(other, "a used link");

  await page.getByLabel("Username").fill("mal");
  await page.getByRole("button", { name: "@anna" }).waitFor({ state: "detached" });
  await check(page, "accounts");
  await page.getByRole("button", { name: "@mallory" }).click();
  await page.getByRole("button", { name: "Suspend" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("Too loud");
  await check(page, "a dialog");
  await dialog.getByRole("button", { name: "Suspend" }).click();
  await page.getByText("Suspended: Too loud").waitFor();
  await check(page, "a suspended account");
  await assert.rejects(server.terminal("mallory", "send", "@anna", "hello"), /suspended|session-ended/);
  await assert.rejects(server.terminal("again", "login", "mallory", "--server", server.url), /Too loud/);
  await page.getByRole("button", { name: "Lift" }).click();
  await dialog.getByRole("button", { name: "Lift" }).click();
  await page.getByText("Suspended: Too loud").waitFor({ state: "detached" });
  await server.terminal("again", "login", "mallory", "--server", server.url);

  await tab(page, "Reports").click();
  await page.getByRole("button", { name: "@mallory" }).click();
  await page.getByText("The same offer every day").waitFor();
  await check(page, "a report");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await dialog.getByLabel("Answer").fill("Thank you.");
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("heading", { name: "No such report" }).waitFor();
  assert.match(await server.terminal("anna", "report", "list"), /Thank you\./);

  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [name, sign] of [
      ["Bans", "Nothing is banned"],
      ["Audit log", "accounts.suspend"],
      ["Server", "Takes requests"],
    ]) {
      await tab(page, name).click();
      await page.getByText(sign).first().waitFor();
      await check(page, `${name}, ${scheme}`);
    }
  }
  await tab(page, "Audit log").click();
  assert.match(await page.getByRole("row").nth(1).innerText(), /reports\.close/, "what was done last stands first");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText(/The chain holds/).waitFor();

  // Whoever signs out on the device that opened it is out here too.
  await server.terminal("head", "logout");
  await tab(page, "Accounts").click();
  await page.getByRole("heading", { name: "This visit has ended" }).waitFor();
});

story("an administrator invites somebody by a link that a newcomer opens, and withdraws what was not used", running, async (stage) => {
  const { server } = stage;
  await server.terminal("head", "login", "head", "--server", server.url);
  for (const viewport of [PHONE, DESKTOP]) {
    const page = await stage.page({ viewport });
    await page.goto(await link(stage));
    await tab(page, "Invitations").click();
    await page.getByRole("heading", { name: "No invitation is good" }).waitFor();
    await check(page, "no invitation");
    await page.getByRole("button", { name: "Make an invitation" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("How many newcomers").fill("2");
    await dialog.getByLabel("Good for").selectOption({ label: "A day" });
    await check(page, "a dialog for an invitation");
    await dialog.getByRole("button", { name: "Make an invitation" }).click();
    await page.getByRole("img", { name: "The link as a QR code" }).waitFor();
    const address = await page.getByText(`${server.url}/#invitation=`).innerText();
    await page.getByText("Newcomers left: 2").waitFor();
    await checkInBoth(page, "an invitation");

    const newcomer = `guest-${viewport.width}`;
    const invitation = new URL(address).hash.split("=")[1];
    await server.terminal(newcomer, "register", newcomer, "--server", server.url, "--invitation", invitation);
    await tab(page, "Invitations").click();
    await page.getByText("1 of 2 used").waitFor();
    assert.equal(await page.getByText(address).count(), 0, "the link is shown once");
    await page.getByRole("button", { name: /^Withdraw/ }).click();
    await dialog.getByRole("button", { name: "Withdraw" }).click();
    await page.getByRole("heading", { name: "No invitation is good" }).waitFor();
    const late = server.terminal(`late-${viewport.width}`, "register", `late-${viewport.width}`, "--server", server.url, "--invitation", invitation);
    await assert.rejects(late, /invitation-refused/);
  }
  await server.terminal("head", "logout");
});

story("who may register is changed while the server runs, and given back to the configuration", running, async (stage) => {
  const { server } = stage;
  await server.terminal("head", "login", "head", "--server", server.url);
  for (const viewport of [PHONE, DESKTOP]) {
    const page = await stage.page({ viewport });
    await page.goto(await link(stage));
    await tab(page, "Settings").click();
    await page.getByText("Whoever knows the access passphrase").waitFor();
    await checkInBoth(page, "settings");
    await page.getByRole("button", { name: "Change: Who may register" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Who may register", { exact: true }).selectOption({ label: "Nobody" });
    await check(page, "a dialog for a setting");
    await dialog.getByRole("button", { name: "Change" }).click();
    await page.getByText(/Configured: Whoever knows the access passphrase · changed by head/).waitFor();
    await check(page, "a changed setting");
    const early = `early-${viewport.width}`;
    const register = (name) => server.terminal(name, "register", name, "--server", server.url, "--access-passphrase", server.passphrase);
    await assert.rejects(register(early), /registration-closed/);
    await tab(page, "Server").click();
    await page.getByText("Nobody", { exact: true }).waitFor();

    await tab(page, "Settings").click();
    await page.getByRole("button", { name: "As configured: Who may register" }).click();
    await dialog.getByRole("button", { name: "As configured" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "As configured: Who may register" }).waitFor({ state: "detached" });
    await register(early);

    await page.getByRole("button", { name: "Change: Guesses a minute" }).click();
    await dialog.getByLabel("Guesses a minute", { exact: true }).fill("2000");
    await dialog.getByRole("button", { name: "Change" }).click();
    await page.getByText("2,000", { exact: true }).waitFor();
    await page.getByRole("button", { name: "As configured: Guesses a minute" }).click();
    await dialog.getByRole("button", { name: "As configured" }).click();
    await page.getByText("2,000", { exact: true }).waitFor({ state: "detached" });
  }
  await server.terminal("head", "logout");
});

story("a link of somebody else's takes the place of one's own visit only where that is said yes to", running, async (stage) => {
  await stage.server.newcomerInTerminal("helper");
  await stage.server.terminal("head", "login", "head", "--server", stage.server.url);
  await stage.server.terminal("head", "admin", "accounts", "role", "@helper", "moderator");
  const page = await stage.page({ viewport: PHONE });
  await page.goto(await link(stage));
  await page.getByText("@head · Super-administrator").waitFor();
  await page.goto(await link(stage, "helper"));
  await page.getByText("You are here as @head").waitFor();
  await check(page, "a link of somebody else's");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("@head · Super-administrator").waitFor();
  await page.goto(await link(stage, "helper"));
  await page.getByRole("button", { name: "Go on by the link" }).click();
  await page.getByText("@helper · Moderator").waitFor();
  await tab(page, "Audit log").waitFor({ state: "detached" });
});
