import type { Job } from '../../sluice/dist/core/job.js';
import { KEY_PATHS } from '../../sluice/dist/store/rows.js';
import type { Stored } from '../src/peers.js';
import { openDatabase } from './raw.js';

/** The table of jobs as Sluice has it: its key, and its indexes. */
export function openOurJobs(name: string): Promise<IDBDatabase> {
  return openDatabase(name, (db) => {
    const { key, indexes } = KEY_PATHS.jobs;
    const jobs = db.createObjectStore('jobs', { keyPath: key });
    for (const [index, path] of Object.entries(indexes)) jobs.createIndex(index, path);
  });
}

/** All that Sluice stores of a job, with nothing looked up and nothing decided. */
export function ourRow(seq: number, { url, method, headers, body }: Stored): Job {
  const now = Date.now();
  const key = crypto.randomUUID();
  return {
    queue: 'orders',
    owner: 0,
    seq,
    ticket: `orders.${seq}.${key.slice(0, 8)}`,
    state: { kind: 'ready', at: seq },
    rank: seq,
    link: seq,
    priority: 0,
    cost: 1,
    idempotencyKey: key,
    enqueuedAt: now,
    expiresAt: now + 86_400_000,
    attempts: 0,
    orphans: 0,
    request: {
      url,
      method,
      headers,
      secrets: { kind: 'none' },
      mode: 'cors',
      credentials: 'same-origin',
      cache: 'default',
      redirect: 'follow',
      referrer: location.href,
      referrerPolicy: '',
      integrity: '',
    },
    bodyBytes: body.byteLength,
    body,
  };
}
