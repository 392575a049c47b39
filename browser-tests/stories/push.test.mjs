// A browser that is closed is called, and learns nothing but that there is something.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { acquainted, enterLobby, hear, message, openSettings, say, writeTo } from "../support/people.mjs";
import { PushService } from "../support/push-service.mjs";
import { server, story } from "../support/story.mjs";

const running = server("--push-endpoints", "any");
let service;
before(async () => (service = await PushService.start()));
after(() => service?.stop());

story("a closed browser is called for a message, without a word of it", running, async (stage) => {
  const [other, one] = await acquainted(stage, {}, { permissions: ["notifications"] });
  const context = one.page.context();
  await service.offer(context);
  await one.page.reload();
  await one.page.locator('[data-view="list"]').waitFor();
  await openSettings(one.page, "App");
  await one.page.getByRole("button", { name: "Also call while closed" }).click();
  await one.page.getByRole("button", { name: "Only call while open" }).waitFor();

  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  await one.page.goto("about:blank");
  await say(other.page, "A secret that no push service carries");
  const push = await service.next();
  assert.deepEqual(JSON.parse(push.text.replaceAll("\0", "")), { t: 1 });
  assert.match(push.headers.authorization, /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, ?k=[\w-]+$/);
  assert.equal(push.body.length, 203, "each push has the same size");

  // What the browser's own push service would hand over from here on.
  await hasLeft(one.page, worker);
  await deliver(one.page, stage.server.url, push.text);
  const shown = async () => {
    const all = await worker.evaluate(async () => {
      const notifications = await self.registration.getNotifications();
      return notifications.map(({ title, body, silent }) => ({ title, body, silent }));
    });
    return all.length > 0 ? all : undefined;
  };
  let notifications;
  while (!(notifications = await shown())) await one.page.evaluate(() => new Promise(requestAnimationFrame));
  assert.deepEqual(notifications, [{ title: "Huis", body: "There may be something new.", silent: true }]);

  const opened = await worker.evaluate(async () => {
    let opened;
    // A browser opens a page for a click alone, and a script can't click.
    Object.defineProperty(self.clients, "openWindow", { value: async (url) => (opened = url) });
    const [notification] = await self.registration.getNotifications();
    const event = new NotificationEvent("notificationclick", { notification });
    const done = new Promise((resolve) => (event.waitUntil = resolve));
    self.dispatchEvent(event);
    await (await done);
    return opened;
  });
  assert.equal(opened, "/");

  await one.page.goto(`${stage.server.url}/`);
  await one.page.locator('[data-view="list"]').getByText(other.name).first().click();
  await hear(one.page, "A secret that no push service carries");
});

story("a notification leads to its conversation, and who wishes no calls has none", running, async (stage) => {
  const one = await stage.newcomer("member", { permissions: ["notifications"] });
  const context = stage.contexts.at(-1);
  const other = await stage.newcomer("member");
  await service.offer(context);
  // Of two conversations none is opened by itself.
  await enterLobby(one.page);
  await writeTo(other.page, one.name);
  await say(other.page, "To be opened by a click");
  await one.page.locator('[data-view="requests"]').getByText(other.name).first().click();
  await one.page.getByRole("button", { name: "Accept" }).click();
  await writeTo(one.page, other.name);
  await say(one.page, "Heard");
  await hear(other.page, "Heard");
  const id = await message(other.page, "Heard").evaluate((row) => row.closest("[data-conversation]").dataset.conversation);
  await one.page.reload();
  await one.page.locator('[data-view="list"]').getByText("#lobby").first().waitFor();
  assert.equal(await one.page.locator("[data-conversation]").count(), 0);

  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  await worker.evaluate(async (id) => {
    await self.registration.showNotification("Huis", { data: id, tag: id });
    const [notification] = await self.registration.getNotifications({ tag: id });
    self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  }, id);
  await hear(one.page, "To be opened by a click");
  // The same from outside.
  await one.page.goto("about:blank");
  await one.page.goto(`${stage.server.url}/#open=${id}`);
  await hear(one.page, "To be opened by a click");
  assert.equal(new URL(one.page.url()).hash, "");

  await openSettings(one.page, "App");
  await one.page.getByRole("button", { name: "Also call while closed" }).click();
  const answered = one.page.waitForResponse((response) => response.request().method() === "DELETE");
  await one.page.getByRole("button", { name: "Only call while open" }).click();
  await one.page.getByRole("button", { name: "Also call while closed" }).waitFor();
  assert.equal((await answered).status(), 204);
});

/** A page tells the server where this browser is called. */
const told = (page) => page.waitForResponse((response) => response.request().method() === "PUT" && /push/.test(response.url()));

story("a subscription that the browser ends by itself is made anew, at once or with the next opening", running, async (stage) => {
  const [other, one] = await acquainted(stage, {}, { permissions: ["notifications"] });
  const context = one.page.context();
  await service.offer(context);
  await one.page.reload();
  await one.page.locator('[data-view="list"]').waitFor();
  await openSettings(one.page, "App");
  await Promise.all([told(one.page), one.page.getByRole("button", { name: "Also call while closed" }).click()]);
  await one.page.getByRole("button", { name: "Only call while open" }).waitFor();
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));

  // A page that is open does it at once.
  const [again] = await Promise.all([told(one.page), service.ends(one.page, worker)]);
  assert.equal(again.status(), 204);

  // While it is closed nobody can tell the server: it is done by the next page.
  await one.page.goto(`${stage.server.url}/api/v1/server`);
  await service.ends(one.page, worker);
  const [opened] = await Promise.all([told(one.page), one.page.goto(`${stage.server.url}/`)]);
  assert.equal(opened.status(), 204);
  await openSettings(one.page, "App");
  await one.page.getByRole("button", { name: "Only call while open" }).waitFor();

  await one.page.goto("about:blank");
  await say(other.page, "To be called for");
  const push = await service.next();
  assert.equal(push.url, "/push/of-this-browser-3", "the third subscription is called");

  // Who ended it is not subscribed again.
  await one.page.goto(`${stage.server.url}/`);
  await openSettings(one.page, "App");
  await one.page.getByRole("button", { name: "Only call while open" }).click();
  await one.page.getByRole("button", { name: "Also call while closed" }).waitFor();
  await service.ends(one.page, worker);
  await one.page.reload();
  await openSettings(one.page, "App");
  await one.page.getByRole("button", { name: "Also call while closed" }).waitFor();
});

story("a call while it is closed is in the language that was chosen, whatever the browser speaks", running, async (stage) => {
  const { page } = await stage.newcomer("member", { permissions: ["notifications"], locale: "en-GB" });
  const context = stage.contexts.at(-1);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  const called = async () => {
    await page.goto("about:blank");
    await hasLeft(page, worker);
    await deliver(page, stage.server.url, JSON.stringify({ t: 1 }));
    let shown;
    const taken = () =>
      worker.evaluate(async () => {
        const [shown] = await self.registration.getNotifications();
        shown?.close();
        return shown && { body: shown.body, lang: shown.lang };
      });
    while (!(shown = await taken())) await page.evaluate(() => new Promise(requestAnimationFrame));
    return shown;
  };
  assert.deepEqual(await called(), { body: "There may be something new.", lang: "en" });

  await page.goto(`${stage.server.url}/`);
  await openSettings(page, "App");
  await page.getByRole("radio", { name: "Français" }).check({ force: true });
  await page.locator('html[lang="fr"]').waitFor();
  assert.equal(await page.evaluate(() => navigator.language), "en-GB");
  assert.deepEqual(await called(), { body: "Il y a peut-être du nouveau.", lang: "fr" });
});

/** The service worker knows of no page of the app any more: to one that is in sight it leaves what comes. */
async function hasLeft(page, worker) {
  const pages = () => worker.evaluate(async () => (await self.clients.matchAll({ type: "window" })).length);
  while ((await pages()) > 0) await page.evaluate(() => new Promise(requestAnimationFrame));
}

/** Hands a push to the service worker, by the browser's debugging protocol. */
async function deliver(page, origin, data) {
  const session = await page.context().newCDPSession(page);
  const registered = new Promise((resolve) => {
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find(({ scopeURL, isDeleted }) => !isDeleted && scopeURL.startsWith(origin));
      if (found) resolve(found.registrationId);
    });
  });
  await session.send("ServiceWorker.enable");
  const registrationId = await registered;
  await session.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data });
  await session.detach();
}
