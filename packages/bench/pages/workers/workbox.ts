import { Queue } from 'workbox-background-sync';

/** Workbox stores each request in a transaction of its own, and then answers. */
declare const self: ServiceWorkerGlobalScope;

// Filled and replayed at a word, not whenever the browser thinks fit.
const queue = new Queue('measured', { onSync: async () => undefined });

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(store(event.request));
});
self.addEventListener('message', (event) => {
  const { fill } = event.data as { fill?: number };
  const work = fill === undefined ? queue.replayRequests() : pushAll(fill);
  const answer = (tookMs: unknown): void => event.ports[0]?.postMessage(tookMs);
  event.waitUntil(work.then(answer));
});

async function store(request: Request): Promise<Response> {
  await queue.pushRequest({ request });
  return new Response(null, { status: 202 });
}

/** Answers how long it took. */
async function pushAll(count: number): Promise<number> {
  const requests = Array.from(
    { length: count },
    () => new Request('/api/orders', { method: 'POST', body: 'x'.repeat(200) }),
  );
  const startedAt = performance.now();
  await Promise.all(requests.map((request) => queue.pushRequest({ request })));
  return performance.now() - startedAt;
}
