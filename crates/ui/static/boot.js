// Starts the worker and loads the page's module at the same time; whichever is ready first waits for the other.

import { files } from "{{files.js}}";
import "{{players.js}}";

const address = (name) => new URL(name, import.meta.url).href;
const same = (url) => {
  if (new URL(url).origin !== location.origin) throw new TypeError(url);
  return url;
};
// Scripts come from these addresses alone, also where the browser asks for that to be promised.
const trusted = globalThis.trustedTypes?.createPolicy("huis", { createScriptURL: same }) ?? { createScriptURL: same };

const kept = (name) => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

const theme = kept("huis-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

const worker = new Worker(trusted.createScriptURL(address("{{worker.js}}")), { type: "module", name: "huis" });
const early = [];
worker.onmessage = (event) => early.push(event.data);
worker.onerror = (event) => {
  const reason = String(event.message ?? "the worker does not start");
  const data = JSON.stringify({ standing: { unable: { missing: "other", reason } } });
  worker.dispatchEvent(new MessageEvent("message", { data }));
};

// The texts of the language that is spoken here, and no others, each file held to its hash.
const TEXTS = {
  en: [address("{{texts-en.ftl}}"), "sha256-{{texts-en.ftl sha256}}"],
  fr: [address("{{texts-fr.ftl}}"), "sha256-{{texts-fr.ftl sha256}}"],
};
const loadTexts = async (language) => {
  const [file, integrity] = TEXTS[language];
  const answer = await fetch(file, { integrity });
  if (!answer.ok) throw new Error(`${answer.status}`);
  leave(language).catch(() => {});
  return answer.text();
};
// The service worker speaks as the page does. It can't read what the page keeps, so this is left where it can.
const leave = async (language) => {
  const left = await globalThis.caches?.open("left-by-the-page");
  await left?.put("/spoken", new Response(language));
};
const spoken = [kept("huis-language"), navigator.language].map((tag) => /^(en|fr)\b/i.exec(tag ?? "")?.[1].toLowerCase());
const language = spoken.find(Boolean) ?? "en";

// How long a page that is ready waits for its language, in milliseconds.
const PATIENCE = 5_000;
// What is spoken, and its texts: English where those of another language can't be had, or do not come in time.
const spokenWith = async (asked) => {
  if (language === "en") return [language, await asked];
  const late = new Promise((_, reject) => setTimeout(reject, PATIENCE, new Error("the texts do not come")));
  try {
    return [language, await Promise.race([asked, late])];
  } catch (reason) {
    console.warn(`no texts in ${language}:`, reason);
    return ["en", await loadTexts("en")];
  }
};

if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    navigator.serviceWorker.register(trusted.createScriptURL(address("/sw.js"))).catch(() => {});
  });
}

// A picture as others take it: square, and at most 32,768 bytes.
const shrink = async (file) => {
  const image = await createImageBitmap(file);
  const side = Math.min(image.width, image.height);
  const [left, top] = [(image.width - side) / 2, (image.height - side) / 2];
  const canvas = new OffscreenCanvas(192, 192);
  canvas.getContext("2d").drawImage(image, left, top, side, side, 0, 0, 192, 192);
  for (const quality of [0.9, 0.75, 0.6, 0.4]) {
    const made = await canvas.convertToBlob({ type: "image/jpeg", quality });
    if (made.size <= 32768) return new Uint8Array(await made.arrayBuffer());
  }
  throw new RangeError("the picture stays too large");
};

try {
  const asked = loadTexts(language);
  // Whoever waits for it is told, and that is later.
  asked.catch(() => {});
  const ui = await import(address("{{ui-module.js}}"));
  await ui.default({ module_or_path: address("{{ui.wasm}}") });
  ui.start(worker, early, ...(await spokenWith(asked)), loadTexts, shrink, files(worker));
} catch (error) {
  console.error(error);
  document.body.dataset.state = "broken";
}
