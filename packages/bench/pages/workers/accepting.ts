import { createGroups } from '../groups.js';
import { receipt } from '../receipt.js';

/** The least that accepting can cost: rows in groups, and a receipt for each. */
declare const self: ServiceWorkerGlobalScope;

const store = createGroups('accepting');

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(answer(event.request));
});

async function answer(request: Request): Promise<Response> {
  await store(request);
  return receipt();
}
