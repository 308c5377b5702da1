// The service worker of another part of the app, as a PWA or a mock library brings it: it takes each page over, and knows nothing of Sluice.
declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', () => undefined);

// oxlint-disable-next-line unicorn/require-module-specifiers -- what is no module shares one global scope
export {};
