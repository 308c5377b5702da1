import { receipt } from '../receipt.js';

/** The floor of whatever gives receipts: it stores nothing, and answers with one. */
declare const self: ServiceWorkerGlobalScope;

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(receipt());
});
