// A push service beside the browser's own, which no machine without the Internet reaches: it takes what the server sends and
// opens it as a browser does, by another maker's library.

import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import ece from "http_ece";

export class PushService {
  pushes = [];
  #waiting = [];

  static async start() {
    const service = new PushService();
    service.keys = createECDH("prime256v1");
    service.keys.generateKeys();
    service.auth = randomBytes(16);
    service.server = createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.writeHead(201).end();
      service.take({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(parts) });
    });
    service.server.listen(0, "127.0.0.1");
    await once(service.server, "listening");
    service.endpoint = `http://127.0.0.1:${service.server.address().port}/push/of-this-browser`;
    return service;
  }

  take(push) {
    this.pushes.push(push);
    this.#waiting.shift()?.();
  }

  /** The next push, opened. */
  async next() {
    while (this.pushes.length === 0) await new Promise((resolve) => this.#waiting.push(resolve));
    const push = this.pushes.shift();
    assert.equal(push.method, "POST");
    assert.equal(push.headers["content-encoding"], "aes128gcm");
    const { privateKey, authSecret } = { privateKey: this.keys, authSecret: this.auth };
    push.text = ece.decrypt(push.body, { version: "aes128gcm", privateKey, authSecret }).toString();
    return push;
  }

  stop() {
    this.server.close();
  }

  /**
   * Lets a browser's pages subscribe here, each time at another address. What they ask of the browser is kept as the browser
   * would keep it.
   */
  async offer(context) {
    const offered = {
      endpoint: this.endpoint,
      p256dh: [...this.keys.getPublicKey()],
      auth: [...this.auth],
    };
    await context.addInitScript((offered) => {
      const kept = "subscribed-in-this-test";
      const times = "subscribed-so-often-in-this-test";
      const made = (key) => {
        const subscription = Object.create(PushSubscription.prototype);
        const bytes = { p256dh: offered.p256dh, auth: offered.auth };
        return Object.defineProperties(subscription, {
          endpoint: { value: `${offered.endpoint}-${localStorage.getItem(times)}` },
          options: { value: { applicationServerKey: new Uint8Array(key).buffer, userVisibleOnly: true } },
          getKey: { value: (name) => new Uint8Array(bytes[name]).buffer },
          unsubscribe: { value: async () => localStorage.removeItem(kept) === undefined },
        });
      };
      PushManager.prototype.getSubscription = async () => {
        const key = localStorage.getItem(kept);
        return key === null ? null : made(JSON.parse(key));
      };
      PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
        const key = [...new Uint8Array(applicationServerKey)];
        localStorage.setItem(kept, JSON.stringify(key));
        localStorage.setItem(times, Number(localStorage.getItem(times)) + 1);
        return made(key);
      };
    }, offered);
  }

  /** Ends the subscription of a browser as the browser does it by itself, and says so to the service worker of its pages. */
  async ends(page, worker) {
    await page.evaluate(() => localStorage.removeItem("subscribed-in-this-test"));
    await worker.evaluate(() => self.dispatchEvent(new ExtendableEvent("pushsubscriptionchange")));
  }
}
