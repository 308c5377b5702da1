import { createGroups } from '../groups.js';

/** Rows in groups, and an empty answer. */
declare const self: ServiceWorkerGlobalScope;

const store = createGroups('grouped');

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(answer(event.request));
});

async function answer(request: Request): Promise<Response> {
  await store(request);
  return new Response(null, { status: 202 });
}
