import { openRaw, putAll, read } from '../raw.js';

/** One raw strict transaction for each request, then the answer. */
declare const self: ServiceWorkerGlobalScope;

const opening = openRaw('raw');

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(store(event.request));
});

async function store(request: Request): Promise<Response> {
  await putAll(await opening, [await read(request)]);
  return new Response(null, { status: 202 });
}
