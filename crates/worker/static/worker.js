// The dedicated worker: loads the engine's module, and lends it what is easier said in the browser's own language: the
// keys' place (IndexedDB and WebCrypto), and who of the tabs has the database (Web Locks).

import init, { start } from "{{worker-module.js}}";
import initBeacon, { open as openByRound, seal as sealForRound } from "{{beacon-module.js}}";
import initStrength, { estimate } from "{{strength-module.js}}";

const waiting = [];
self.onmessage = (event) => waiting.push(event.data);

// Before the engine runs something is missing here; a fault of it later takes nothing away that was kept.
let isRunning = false;
function failed(reason) {
  const unable = { standing: { unable: { missing: "other", reason: String(reason) } } };
  const stopped = { event: { stopped: { failure: { internal: { reason: String(reason) } } } } };
  self.postMessage(JSON.stringify(isRunning ? stopped : unable));
}
self.addEventListener("error", (event) => {
  // The page is told here; of what it hears from the browser beside that it would take the worker for one that does not start.
  event.preventDefault();
  console.error(event.error ?? event.message);
  failed(event.message);
});
self.addEventListener("unhandledrejection", (event) => failed(event.reason));

// One record says everything of this device: { wrapping, iv, wrapped } while the key is open, `sealed` the key under the
// password, and whose it is. It is replaced whole, so a crash leaves the one before or the one after.
const NAME = "huis-device";
const STORE = "device";
// How long the worker of a page that was just left may have the database yet, in milliseconds: a page that is loaded anew is
// no other tab.
const LEFT = 2_000;

function inStore(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("another tab holds an older form of the keys"));
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        database.close();
        resolve(request.result);
      };
      transaction.onabort = () => {
        database.close();
        reject(transaction.error);
      };
    };
  });
}

const platform = {
  // What is kept of this device, with the key opened if it lies open.
  async load() {
    const record = await inStore("readonly", (store) => store.get(1));
    if (!record) return undefined;
    if (record.erasing) return { erasing: true };
    const { sealed, username, stays, attendedAt } = record;
    let key;
    if (record.wrapping) {
      const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv: record.iv }, record.wrapping, record.wrapped);
      key = new Uint8Array(opened);
    }
    return { key, sealed, username, stays, attendedAt };
  },

  // Keeps the key under a fresh key that no script can read out.
  async keep(key, sealed, username, stays, attendedAt) {
    const wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const wrapped = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, wrapping, key));
    const record = { wrapping, iv, wrapped, sealed, username, stays, attendedAt };
    await inStore("readwrite", (store) => store.put(record, 1));
  },

  // Leaves the key under the password alone.
  async lock(sealed, username, stays) {
    await inStore("readwrite", (store) => store.put({ sealed, username, stays, attendedAt: 0 }, 1));
  },

  async attended(attendedAt) {
    const record = await inStore("readonly", (store) => store.get(1));
    if (record) await inStore("readwrite", (store) => store.put({ ...record, attendedAt }, 1));
  },

  // Destroys the key, and says that the database is to go with it: a page that is closed between the two goes on there.
  async giveUp() {
    await inStore("readwrite", (store) => store.put({ erasing: true }, 1));
  },

  async forget() {
    await inStore("readwrite", (store) => store.delete(1));
  },

  // Becomes the one tab that has the database; false where another has it, after `patience` milliseconds.
  hold(patience) {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(Math.max(patience, LEFT));
      navigator.locks
        .request("huis-database", { signal }, () => {
          resolve(true);
          return new Promise((done) => {
            this.letGo = done;
          });
        })
        .catch((error) => {
          if (error.name === "TimeoutError" || error.name === "AbortError") resolve(false);
          else reject(error);
        });
    });
  },

  release() {
    this.letGo?.();
    this.letGo = undefined;
  },

  // Asks the tab that has the database for it.
  ask() {
    tabs.postMessage("let go");
  },

  // Calls `act` when another tab asks.
  whenAsked(act) {
    tabs.onmessage = () => act();
  },
};

// A module that is fetched when it is first needed, and again where that failed. It hears secrets: nothing but the bytes that
// this version was built with is run.
function fetchedLater(load, path, integrity) {
  let module;
  return async () => {
    try {
      await (module ??= load({ module_or_path: fetch(path, { integrity }) }));
    } catch (error) {
      module = undefined;
      throw error;
    }
  };
}

// The engine asks how hard a password is to guess. What knows it is as large as a third of the engine, and fetched when
// somebody chooses a password.
const strength = fetchedLater(initStrength, "{{strength.wasm}}", "sha256-{{strength.wasm sha256}}");
self.huisEstimate = async (password, about) => {
  await strength();
  return estimate(password, about);
};

// The engine seals for a round of a public beacon, and opens by one: where somebody locked a message by it.
const beacon = fetchedLater(initBeacon, "{{beacon.wasm}}", "sha256-{{beacon.wasm sha256}}");
self.huisBeaconSeal = async (key, round, secret, sigma) => {
  await beacon();
  return sealForRound(key, round, secret, sigma);
};
self.huisBeaconOpen = async (key, round, signature, sealed) => {
  await beacon();
  return openByRound(key, round, signature, sealed);
};

const tabs = new BroadcastChannel("huis-tabs");

if (!self.isSecureContext) {
  self.postMessage(
    JSON.stringify({ standing: { unable: { missing: "secure-context", reason: self.location.origin } } }),
  );
} else {
  try {
    await init({ module_or_path: "{{worker.wasm}}" });
    start(platform, waiting);
    isRunning = true;
  } catch (error) {
    failed(error);
  }
}
