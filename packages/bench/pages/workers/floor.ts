/** The floor: answers, and stores nothing. */
declare const self: ServiceWorkerGlobalScope;

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(new Response(null, { status: 202 }));
});

// oxlint-disable-next-line unicorn/require-module-specifiers -- a module: what it declares is its own
export {};
