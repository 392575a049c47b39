// Starts the worker and loads the page's module at the same time; whichever is ready first waits for the other.

const address = (name) => new URL(name, import.meta.url).href;
const same = (url) => {
  if (new URL(url).origin !== location.origin) throw new TypeError(url);
  return url;
};
// Scripts come from these addresses alone, also where the browser asks for that to be promised.
const trusted = globalThis.trustedTypes?.createPolicy("huis", { createScriptURL: same }) ?? { createScriptURL: same };

const theme = (() => {
  try {
    return localStorage.getItem("huis-theme");
  } catch {
    return null;
  }
})();
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

const worker = new Worker(trusted.createScriptURL(address("{{worker.js}}")), { type: "module", name: "huis" });
const early = [];
worker.onmessage = (event) => early.push(event.data);
worker.onerror = (event) => {
  early.push(JSON.stringify({ standing: { standing: "unable", missing: "other", reason: String(event.message ?? "worker") } }));
};

if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    navigator.serviceWorker.register(trusted.createScriptURL(address("/sw.js"))).catch(() => {});
  });
}

const ui = await import(address("{{ui-module.js}}"));
await ui.default({ module_or_path: address("{{ui.wasm}}") });
ui.start(worker, early);
