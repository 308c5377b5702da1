import type { Stored } from '../../src/peers.js';
import { openJobs } from '../jobs-table.js';

/** The least that handing over to a worker can cost: each request gets a row, at its place in line, and its place is told. */
declare const self: DedicatedWorkerGlobalScope;

function storeAll(db: IDBDatabase, requests: readonly Stored[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction('jobs', 'readwrite', { durability: 'strict' });
    const jobs = tx.objectStore('jobs');
    const places: number[] = [];
    const last = jobs.openKeyCursor(null, 'prev');
    last.addEventListener('success', () => {
      for (const [i, request] of requests.entries()) {
        const seq = Number(last.result?.key ?? 0) + 1 + i;
        jobs.put({ seq, state: 'ready', ...request });
        places.push(seq);
      }
      tx.commit();
    });
    tx.addEventListener('complete', () => resolve(places));
    tx.addEventListener('abort', () => reject(tx.error));
  });
}

const opening = openJobs('storing');

self.addEventListener('message', async ({ data }: MessageEvent<Stored[]>) => {
  self.postMessage(await storeAll(await opening, data));
});
