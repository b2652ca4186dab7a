// Keeps the page that records without network: the network first, and what was kept where there is none.
// The page itself says what is to be kept (pad.js); nothing of any other page is.

const KEPT = "creditbank-pads";
const PATIENCE_MS = 5000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const isOurs = origin === self.location.origin && /^\/(pads|static)\//.test(pathname);
  if (request.method === "GET" && isOurs) event.respondWith(answer(request, pathname));
});

async function answer(request, pathname) {
  const kept = await (await caches.open(KEPT)).match(request.mode === "navigate" ? pathname : request);
  if (!kept) return fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  return Promise.race([fetch(request).catch(() => kept), late]);
}
