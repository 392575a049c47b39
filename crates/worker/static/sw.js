// The service worker: the app opens without a network, all its files of one version, and a push becomes a quiet
// notification. It has no key and no database: what was said it cannot know.

const VERSION = "huis-{{version}}";
const FILES = {{all-files}};

self.addEventListener("install", (event) => {
  // From the network and not from what the browser has: the page's own name says nothing about what is in it.
  const fetchAll = async () => {
    const cache = await caches.open(VERSION);
    await cache.addAll(FILES.map((path) => new Request(path, { cache: "no-cache" })));
  };
  event.waitUntil(fetchAll());
});

self.addEventListener("activate", (event) => {
  const forgetOthers = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("huis-") && name !== VERSION) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(forgetOthers());
});

// A page says when it is ready for the new version.
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const media = MEDIA.exec(url.pathname);
  if (media) {
    event.respondWith(play(event, media));
    return;
  }
  if (!FILES.includes(url.pathname)) return;
  const answer = async () => {
    const cache = await caches.open(VERSION);
    return (await cache.match(url.pathname)) ?? fetch(request);
  };
  event.respondWith(answer());
});

// Sound and film that play in place: /_media/MESSAGE/NUMBER/SIZE/TYPE. Their bytes come from the page that plays them, which
// asks the engine. Nothing about them is kept here, for a browser ends this worker whenever it likes: each request says all,
// finds its page anew, and is answered with a piece that is soon there; the browser asks for the next one.
const MEDIA = new RegExp("^/_media/([0-9a-f]{32})/([0-9]+)/([0-9]+)/((?:audio|video)/[a-z0-9]+)$");
const PIECE = 1024 * 1024;
const PATIENCE = 60_000;

async function play({ request, clientId }, [, message, number, size, type]) {
  const page = await self.clients.get(clientId);
  const isPlayed = ["audio", "video"].includes(request.destination);
  // An address alone opens nothing: what others sent is played, and is no page.
  if (!page || !isPlayed) return new Response(null, { status: 404 });
  const [, first, last] = /^bytes=([0-9]+)-([0-9]*)$/.exec(request.headers.get("range") ?? "bytes=0-") ?? [];
  const at = Number(first);
  if (!(at < Number(size))) return new Response(null, { status: 416, headers: { "content-range": `bytes */${size}` } });
  const length = Math.min(PIECE, (last ? Number(last) + 1 : Number(size)) - at);
  const { port1, port2 } = new MessageChannel();
  const bytes = await new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, PATIENCE);
    page.postMessage({ read: { message, number: Number(number), at, length } }, [port2]);
  });
  port1.close();
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) return new Response(null, { status: 503 });
  const headers = {
    "content-type": type,
    "content-length": String(bytes.length),
    "content-range": `bytes ${at}-${at + bytes.length - 1}/${size}`,
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return new Response(bytes, { status: 206, headers });
}

// The language that a page speaks, which it leaves where this can read it. It is no file of a version, and outlives all.
const SPOKEN = { cacheName: "left-by-the-page" };
async function language() {
  const left = await caches.match("/spoken", SPOKEN).catch(() => undefined);
  const spoken = left ? await left.text() : self.navigator.language;
  return spoken.startsWith("fr") ? "fr" : "en";
}

// The server can't tell a message from a receipt, so neither can this.
const WORDS = {
  en: { title: "Huis", body: "There may be something new." },
  fr: { title: "Huis", body: "Il y a peut-être du nouveau." },
};

/** The app's own pages: those of administration know nothing of messages. */
async function pagesOfTheApp() {
  const pages = await self.clients.matchAll({ type: "window" });
  return pages.filter((page) => new URL(page.url).pathname === "/");
}

// A push says that there is something, and not what. A browser wants each one shown.
self.addEventListener("push", (event) => {
  const show = async () => {
    const pages = await pagesOfTheApp();
    // Whoever looks at the app sees the message itself.
    if (pages.some((page) => page.visibilityState === "visible")) return;
    const lang = await language();
    const { title, body } = WORDS[lang];
    const options = { body, lang, tag: "huis", icon: "{{icon-192.png}}", silent: true };
    await self.registration.showNotification(title, options);
  };
  event.waitUntil(show());
});

// A browser may end its subscription, or take another one, by itself. The server is told by a page, which has the session: by
// one that is open, else by the next one, as soon as somebody is signed in there.
self.addEventListener("pushsubscriptionchange", (event) => {
  const tell = async () => {
    for (const page of await pagesOfTheApp()) page.postMessage({ subscription: "changed" });
  };
  event.waitUntil(tell());
});

// A notification of the page's own names the conversation that it is about.
self.addEventListener("notificationclick", (event) => {
  const { notification } = event;
  notification.close();
  const open = async () => {
    const pages = await pagesOfTheApp();
    const page =
      pages.find((page) => page.focused) ?? pages.find((page) => page.visibilityState === "visible") ?? pages[0];
    if (!page) return self.clients.openWindow(notification.data ? `/#open=${notification.data}` : "/");
    if (notification.data) page.postMessage({ open: notification.data });
    return page.focus();
  };
  event.waitUntil(open());
});
