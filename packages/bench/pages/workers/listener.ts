/** A service worker that listens and lets all through: what any listener costs. */
declare const self: ServiceWorkerGlobalScope;

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', () => undefined);

// oxlint-disable-next-line unicorn/require-module-specifiers -- a module: what it declares is its own
export {};
