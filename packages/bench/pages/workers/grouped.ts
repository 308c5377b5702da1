import type { Stored } from '../../src/peers.js';
import { openRaw, putAll, read } from '../raw.js';

/** The least that a row for each request can cost: what comes within a few milliseconds shares a strict transaction. */
declare const self: ServiceWorkerGlobalScope;

/** As long as Sluice itself waits for company under load. */
const LINGER_MS = 6;

const opening = openRaw('grouped');
let waiting: { row: Stored; resolve: () => void }[] = [];
let isCommitting = false;

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(store(event.request));
});

async function store(request: Request): Promise<Response> {
  const row = await read(request);
  await new Promise<void>((resolve) => {
    waiting.push({ row, resolve });
    if (!isCommitting) void commitAll();
  });
  return new Response(null, { status: 202 });
}

async function commitAll(): Promise<void> {
  isCommitting = true;
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    await putAll(
      await opening,
      group.map(({ row }) => row),
    );
    for (const { resolve } of group) resolve();
    if (group.length > 2) await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
  }
  isCommitting = false;
}
