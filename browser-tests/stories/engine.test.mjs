// What the engine promises, kept where it is compiled for the browser and its database lies in the browser's own files.

import assert from "node:assert/strict";

import { Engine, assertOnceInOrder } from "../support/engine.mjs";
import { server, story } from "../support/story.mjs";

const running = server();
let counted = 0;
const name = () => `engine${++counted}`;
const account = (name) => ({ account: name });
const numbered = (word, count) => Array.from({ length: count }, (_, number) => `${word} ${number}`);

/** Two people who talk with each other, each with an engine in a browser of their own. */
async function acquainted(stage) {
  const people = [];
  for (const username of [name(), name()]) {
    const engine = await Engine.open(await stage.page(), stage.server);
    assert.equal(await engine.standing(), "open");
    await engine.register(username);
    people.push({ engine, name: username });
  }
  const [one, other] = people;
  await one.engine.say(account(other.name), "first word");
  await other.engine.hears(account(one.name), "first word");
  // To answer is to accept.
  await other.engine.say(account(one.name), "first answer");
  await one.engine.hears(account(other.name), "first answer");
  return people;
}

story("engines in browsers talk, and one that starts again has all that was said", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await one.engine.kill();
  await one.engine.start();
  assert.equal(await one.engine.standing(), "open");
  assert.deepEqual(await one.engine.texts(account(other.name)), ["first word", "first answer"]);
  await other.engine.say(account(one.name), "after the start");
  await one.engine.hears(account(other.name), "after the start");
});

story("an engine that is ended in the middle of sending loses nothing and says nothing twice", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const said = [];
  let cut = 0;
  for (let round = 0; round < 6; round += 1) {
    const texts = numbered(`sent in round ${round}, number`, 60);
    const commands = texts.map((text) => ({ send: { to: account(other.name), text, wait: false } }));
    // The end comes while some are stored, some are sealed and some are on their way: further on in each round.
    await one.engine.tell(commands, 1 + 4 * round);
    await one.engine.kill();
    await one.engine.start();
    // What was stored stays; what the worker had not taken yet is for the page to ask again.
    const stored = (await one.engine.texts(account(other.name))).filter((text) => texts.includes(text));
    assert.deepEqual(stored, texts.slice(0, stored.length), "what is there has no holes");
    said.push(...stored);
    if (stored.length > 0 && stored.length < texts.length) cut += 1;
  }
  assert.ok(cut > 0, "an end came in the middle");
  await one.engine.say(account(other.name), "the last one");
  await one.engine.settled();
  const heard = await other.engine.hears(account(one.name), "the last one");
  assertOnceInOrder(heard, said);
});

story("an engine that is ended in the middle of receiving hears everything once", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const said = numbered("received, number", 120);
  await one.engine.tell(said.map((text) => ({ send: { to: account(other.name), text, wait: false } })));
  let cut = 0;
  for (let round = 0; round < 6; round += 1) {
    await other.engine.changed();
    await other.engine.kill();
    await other.engine.start();
    const heard = (await other.engine.texts(account(one.name))).filter((text) => said.includes(text));
    if (heard.length > 0 && heard.length < said.length) cut += 1;
  }
  assert.ok(cut > 0, "an end came in the middle");
  await one.engine.settled();
  const heard = await other.engine.hears(account(one.name), said.at(-1));
  assertOnceInOrder(heard, said);
});

story("a server that is killed under load has what it acknowledged, for engines in browsers too", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const said = numbered("over the server's end, number", 30);
  await one.engine.tell(said.map((text) => ({ send: { to: account(other.name), text, wait: false } })));
  for (let round = 0; round < 3; round += 1) {
    await other.engine.changed();
    await stage.server.kill();
    await stage.server.run();
  }
  await one.engine.settled();
  const heard = await other.engine.hears(account(one.name), said.at(-1));
  assertOnceInOrder(heard, said);
});

story("a second device in a browser joins with the password alone, and both hear what is said", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const second = await Engine.open(await stage.page(), stage.server);
  await second.signIn(one.name);
  await second.settled();
  await other.engine.say(account(one.name), "to both of you");
  await second.hears(account(other.name), "to both of you");
  await one.engine.hears(account(other.name), "to both of you");
  await second.say(account(other.name), "from the second one");
  await other.engine.hears(account(one.name), "from the second one");
  await one.engine.hears(account(other.name), "from the second one");
});

story("an old copy of a browser's files seals nothing a second time", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  await one.engine.kill();
  await copyFiles(one.engine.page, "keep");
  await one.engine.start();
  await one.engine.say(account(other.name), "said after the copy");
  await other.engine.hears(account(one.name), "said after the copy");
  await one.engine.kill();
  await copyFiles(one.engine.page, "put back");
  await one.engine.start();
  // It notices that the server has seen more of it than it knows of, and comes in anew before it says anything.
  await one.engine.say(account(other.name), "said from the copy");
  const heard = await other.engine.hears(account(one.name), "said from the copy");
  assertOnceInOrder(heard, ["first word", "said after the copy", "said from the copy"]);
  await other.engine.say(account(one.name), "heard from the copy");
  await one.engine.hears(account(other.name), "heard from the copy");
});

story("who is removed from a group hears nothing more of it", running, async (stage) => {
  const [one, other] = await acquainted(stage);
  const third = await Engine.open(await stage.page(), stage.server);
  const thirdName = name();
  await third.register(thirdName);
  const wish = { name: `club${counted}`, open: false, invite: [other.name, thirdName] };
  const { conversation } = await one.engine.ask({ "create-room": wish });
  const target = { id: conversation.id };
  await one.engine.say(target, "for three");
  await third.hears(target, "for three");
  await one.engine.ask({ remove: { target, names: [thirdName] } });
  await one.engine.say(target, "for two");
  await other.engine.hears(target, "for two");
  // Word of the removal comes behind everything that was for three.
  const isOut = async () => {
    const { conversation } = await third.ask({ conversation: { target } });
    return conversation.state === "left";
  };
  for (;;) {
    const told = await third.told();
    if (await isOut()) break;
    await third.changed(told);
  }
  const heard = await third.texts(target);
  assert.ok(heard.includes("for three") && !heard.includes("for two"), heard.join(", "));
});

/** Keeps a copy of the page's files, or puts it back. */
async function copyFiles(page, what) {
  await page.evaluate(async (what) => {
    const root = await navigator.storage.getDirectory();
    const files = async (folder, path = []) => {
      const found = [];
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === "directory") found.push(...(await files(entry, [...path, name])));
        else found.push({ path: [...path, name], entry });
      }
      return found;
    };
    const inUse = (error) => {
      if (error.name !== "NoModificationAllowedError") throw error;
      return false;
    };
    // A worker that was ended has its files open for a moment yet.
    const patiently = async (work) => {
      let done;
      while ((done = await work().catch(inUse)) === false) await new Promise((resolve) => setTimeout(resolve, 20));
      return done;
    };
    if (what === "keep") {
      globalThis.copy = [];
      for (const { path, entry } of await files(root)) {
        globalThis.copy.push({ path, bytes: await (await entry.getFile()).arrayBuffer() });
      }
      return;
    }
    for (const name of await Array.fromAsync(root.keys())) {
      await patiently(() => root.removeEntry(name, { recursive: true }).then(() => true));
    }
    for (const { path, bytes } of globalThis.copy) {
      let folder = root;
      for (const name of path.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true });
      const file = await folder.getFileHandle(path.at(-1), { create: true });
      const writable = await file.createWritable();
      await writable.write(bytes);
      await writable.close();
    }
  }, what);
}
