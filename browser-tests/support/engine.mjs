// The engine as it is compiled for the browser, in its worker on the browser's own files, without a face: commands go to it
// as the face's do. So what the engine promises can be tried where it is hardest to keep.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { PASSWORD } from "./server.mjs";

/** A page of the server's origin that holds nothing: the rules of the app's own page let no test run its worker. */
const EMPTY = "/empty-page-of-the-tests";

export class Engine {
  /** The engine of a browser's context; it finds there what an earlier one left. */
  static async open(page, server) {
    const engine = new Engine();
    engine.page = page;
    engine.server = server;
    await page.route(`**${EMPTY}`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await page.goto(server.url + EMPTY);
    await engine.start();
    return engine;
  }

  /** Starts the worker, and waits until it stands somewhere. */
  async start() {
    await this.page.evaluate(async () => {
      const text = async (path) => (await fetch(path)).text();
      const named = (name, source) => new RegExp(`/${name}-[0-9a-z]+\\.js`).exec(source)[0];
      const boot = named("boot", await text("/"));
      const worker = new Worker(named("worker", await text(boot)), { type: "module" });
      const held = { worker, last: 0, told: 0, waiting: new Map(), standing: undefined, hears: new Set() };
      // What has nothing to say beside its name is the name alone.
      held.kind = () => (typeof held.standing === "object" ? Object.keys(held.standing)[0] : held.standing);
      globalThis.engine = held;
      worker.onmessage = ({ data }) => {
        const said = JSON.parse(data);
        if (said.answer) {
          held.waiting.get(said.answer.number)?.(said.answer.answer);
          held.waiting.delete(said.answer.number);
        }
        if (said.standing) held.standing = said.standing;
        if (said.event) held.told += 1;
        for (const hear of held.hears) hear(said);
      };
      await new Promise((resolve) => {
        const look = () => {
          const standing = held.kind();
          // The one before has the database until the browser has put it away.
          if (standing === "elsewhere" || standing === "taken-over") worker.postMessage(JSON.stringify("take-over"));
          else if (standing && standing !== "opening") resolve(held.hears.delete(look));
        };
        held.hears.add(look);
        look();
      });
    });
  }

  /** What the worker says of itself. */
  standing() {
    return this.page.evaluate(() => globalThis.engine.kind());
  }

  /** Asks; gives the reply, or throws the failure. */
  async ask(command) {
    const answer = await this.page.evaluate(
      (command) =>
        new Promise((resolve) => {
          const { worker, waiting } = globalThis.engine;
          const number = (globalThis.engine.last += 1);
          waiting.set(number, resolve);
          worker.postMessage(JSON.stringify({ ask: { number, command } }));
        }),
      command,
    );
    if (answer.Err) throw Object.assign(new Error(JSON.stringify(answer.Err)), { failure: answer.Err });
    return answer.Ok;
  }

  /** Tells without waiting for what becomes of it; ends at once, or when the engine has told of messages so many times. */
  async tell(commands, times = 0) {
    await this.page.evaluate(
      ({ commands, times }) =>
        new Promise((resolve) => {
          const { hears, worker } = globalThis.engine;
          const hear = (said) => {
            if (said === undefined || said.event?.messages) times -= 1;
            if (times < 0) resolve(hears.delete(hear));
          };
          hears.add(hear);
          for (const command of commands) {
            const number = (globalThis.engine.last += 1);
            worker.postMessage(JSON.stringify({ ask: { number, command } }));
          }
          hear(undefined);
        }),
      { commands, times },
    );
  }

  /** Ends the worker in the middle of whatever it does, as a browser does with a page that is closed. */
  async kill() {
    await this.page.evaluate(() => globalThis.engine.worker.terminate());
  }

  async register(username) {
    const admission = { access_passphrase: this.server.passphrase };
    const password = PASSWORD;
    const wish = { username, password, email: null, admission, recovery_key_only: false, stay_signed_in: true };
    const { registered } = await this.ask({ register: wish });
    return registered;
  }

  async signIn(username) {
    const wish = { username, password: PASSWORD, recovery_key: null, stay_signed_in: true };
    await this.ask({ "sign-in": wish });
  }

  /** Says something, and waits until the server has it. */
  async say(to, text) {
    return (await this.ask({ send: { to, text, wait: true } })).sent;
  }

  /** The texts of a conversation, oldest first, once the one that is waited for is there. */
  async hears(target, text) {
    for (;;) {
      const told = await this.told();
      const texts = await this.texts(target);
      if (texts.includes(text)) return texts;
      await this.changed(told);
    }
  }

  /** The texts of a conversation, oldest first. */
  async texts(target) {
    const { conversation } = await this.ask({ conversation: { target } }).catch((error) => {
      if (error.failure?.unknown) return {};
      throw error;
    });
    if (!conversation) return [];
    const { messages } = await this.ask({ messages: { conversation: conversation.id, before: null, most: 1000 } });
    return messages.filter((message) => message.kind === "text").map((message) => message.text);
  }

  /** How many events this worker has told of. */
  told() {
    return this.page.evaluate(() => globalThis.engine.told);
  }

  /** Waits until more was told than so many events; without a number, until something more is told. */
  async changed(before) {
    await this.page.evaluate(
      (before) =>
        new Promise((resolve) => {
          const { engine } = globalThis;
          const since = before ?? engine.told;
          const look = () => {
            if (engine.told > since) resolve(engine.hears.delete(look));
          };
          engine.hears.add(look);
          look();
        }),
      before,
    );
  }

  /** Waits until nothing waits to be sent. No event tells of the last receipt or group change that went out. */
  async settled() {
    for (;;) {
      const { status } = await this.ask("status");
      if (status.waiting === 0 && status.connection === "open" && status.caught_up) return;
      await pause(100);
    }
  }
}

/** What was said is there once each, in the order in which it was said. */
export function assertOnceInOrder(heard, said) {
  const known = new Set(said);
  assert.deepEqual(heard.filter((text) => known.has(text)), said);
}
