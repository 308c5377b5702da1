import type { Stored } from '../../src/peers.js';
import { openJobs } from '../jobs-table.js';
import { openOurJobs, ourRow } from '../our-rows.js';

/**
 * The least that handing over to a worker can cost: each request gets a row, at its place in line, and its place is told. Its name
 * says which rows: the least ones, or those of Sluice.
 */
declare const self: DedicatedWorkerGlobalScope;

const isOurs = self.name === 'ours';
const opening = isOurs ? openOurJobs('storing-ours') : openJobs('storing');
const rowOf = (seq: number, request: Stored): object =>
  isOurs ? ourRow(seq, request) : { seq, state: 'ready', ...request };

function storeAll(db: IDBDatabase, requests: readonly Stored[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction('jobs', 'readwrite', { durability: 'strict' });
    const jobs = tx.objectStore('jobs');
    const places: number[] = [];
    const last = jobs.openKeyCursor(null, 'prev');
    last.addEventListener('success', () => {
      const before = Number([last.result?.key ?? 0].flat().at(-1));
      for (const [i, request] of requests.entries()) {
        const seq = before + 1 + i;
        jobs.put(rowOf(seq, request));
        places.push(seq);
      }
      tx.commit();
    });
    tx.addEventListener('complete', () => resolve(places));
    tx.addEventListener('abort', () => reject(tx.error));
  });
}

self.addEventListener('message', async ({ data }: MessageEvent<Stored[]>) => {
  self.postMessage(await storeAll(await opening, data));
});
