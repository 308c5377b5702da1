import { bodyOf } from './bodies.js';
import type { Job } from '../core/job.js';
import { viewOfJob } from '../core/views.js';
import { readQueues } from './queues.js';
import type { Database, Plan } from './rows.js';

const READ: Plan = { tables: ['jobs', 'bodies'], mode: 'readonly', durability: 'relaxed' };

/** So many jobs and their bodies are in memory at a time. */
const AT_ONCE = 50;

/**
 * Of whoever is signed in: every job that has not ended, and every dead one, as a line of JSON: its view, headers and body (base64), without what is
 * kept secret. Jobs that come in meanwhile may or may not be among them.
 */
export async function* exportLines(database: Database): AsyncGenerator<string> {
  for (const { name, owner } of await readQueues(database)) {
    let after = 0;
    for (;;) {
      const rows = await readRows(database, name, after);
      for (const row of rows) if (row.job.owner === owner) yield lineOf(row);
      const last = rows.at(-1);
      if (!last || rows.length < AT_ONCE) break;
      after = last.job.seq;
    }
  }
}

interface Exported {
  job: Job;
  body: ArrayBuffer | undefined;
}

function readRows(database: Database, queue: string, after: number): Promise<Exported[]> {
  const range = {
    from: [queue, after],
    to: [queue, Number.POSITIVE_INFINITY],
    after: true,
    count: AT_ONCE,
  };
  return database.run(READ, async (tx) => {
    const rows: Exported[] = [];
    for (const job of await tx.all('jobs', range)) {
      rows.push({ job, body: await bodyOf(tx, job) });
    }
    return rows;
  });
}

function lineOf({ job, body }: Exported): string {
  const { answer, ...view } = viewOfJob(job);
  const isSealed = job.request.secrets.kind === 'sealed-all';
  const line = {
    ...view,
    headers: job.request.headers,
    ...(isSealed ? { sealed: true } : {}),
    ...(body && !isSealed ? { body: base64Of(body) } : {}),
    ...(answer ? { answer: { status: answer.status, headers: answer.headers } } : {}),
  };
  return `${JSON.stringify(line)}\n`;
}

/** More at once would overflow the stack of a call. */
const CHUNK_BYTES = 0x8000;

function base64Of(body: ArrayBuffer): string {
  const bytes = new Uint8Array(body);
  let binary = '';
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK_BYTES));
  }
  return btoa(binary);
}
