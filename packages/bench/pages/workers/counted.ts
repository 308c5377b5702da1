import { openRaw, read } from '../raw.js';
import { receipt } from '../receipt.js';
import type { Stored } from '../../src/peers.js';

/** The least that a number in line can cost: a strict transaction that reads a counter before it writes, and a receipt for it. */
declare const self: ServiceWorkerGlobalScope;

const opening = openRaw('counted');

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'POST') event.respondWith(store(event.request));
});

async function store(request: Request): Promise<Response> {
  await putNext(await opening, await read(request));
  return receipt();
}

function putNext(db: IDBDatabase, row: Stored): Promise<void> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction('rows', 'readwrite', { durability: 'strict' });
    const rows = tx.objectStore('rows');
    const counter = rows.get(0) as IDBRequest<number | undefined>;
    counter.addEventListener('success', () => {
      const seq = (counter.result ?? 0) + 1;
      rows.put(seq, 0);
      rows.put(row, seq);
      tx.commit();
    });
    tx.addEventListener('complete', () => resolve());
    tx.addEventListener('abort', () => reject(tx.error));
  });
}
