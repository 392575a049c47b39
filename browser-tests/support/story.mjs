// A story: people with browsers of their own, on a server. What went wrong in it is kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { closeBrowser, context, end } from "./browser.mjs";
import { register } from "./people.mjs";
import { Server } from "./server.mjs";

let counted = 0;

/** Starts a server before the stories of a file and gives a way to get it. */
export function server(...settings) {
  let running;
  before(async () => {
    running = await Server.start("--guesses-per-minute", "1000", ...settings);
  });
  after(async () => {
    await closeBrowser();
    await running?.remove();
  });
  return () => running;
}

class Stage {
  contexts = [];

  constructor(server) {
    this.server = server;
  }

  /** A page in a browser of its own. */
  async page(options) {
    const made = await context(options);
    this.contexts.push(made);
    made.on("request", (request) => {
      const url = new URL(request.url());
      const isOwn = ["data:", "blob:"].includes(url.protocol) || url.host === new URL(this.server.url).host;
      if (!isOwn) made.foreign.push(request.url());
    });
    return made.newPage();
  }

  /** A newcomer with an account. */
  async newcomer(name, options) {
    const page = await this.page(options);
    const unique = `${name}${++counted}`;
    const recoveryKey = await register(page, this.server, unique);
    return { page, name: unique, recoveryKey };
  }

  /** What holds of every page whatever it does. */
  check() {
    for (const made of this.contexts) {
      assert.deepEqual(made.foreign, [], "no request goes anywhere but to the own server");
      assert.deepEqual(made.errors, [], "no page throws");
      const refused = made.console.filter((line) => /content security policy|trusted ?type/i.test(line));
      assert.deepEqual(refused, [], "the page keeps its own rules");
    }
  }
}

/** Tells a story on a server. */
export function story(name, getServer, tell, { timeout = 240_000 } = {}) {
  test(name, { timeout }, async () => {
    const stage = new Stage(getServer());
    let failed = true;
    try {
      await tell(stage);
      stage.check();
      failed = false;
    } finally {
      const file = name.replaceAll(/\W+/g, "-");
      for (const [number, made] of stage.contexts.entries()) await end(made, `${file}-${number}`, failed);
    }
  });
}
