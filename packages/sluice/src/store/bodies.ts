import type { Job } from '../core/job.js';
import type { Database, Tx } from './rows.js';

/**
 * A body up to this stands in the row of its job: a row of its own costs a write when it is accepted, a read when it is sent
 * and a delete when it has ended, and each is as dear as all else that is done to a job.
 */
const INLINE_BYTES = 4096;

/** What of a body stands in the row of its job. */
export function inlineBody(body: ArrayBuffer | undefined): Pick<Job, 'body'> {
  return body && body.byteLength > 0 && body.byteLength <= INLINE_BYTES ? { body } : {};
}

export async function bodyOf(tx: Tx, job: Job): Promise<ArrayBuffer | undefined> {
  return hasRow(job) ? (await tx.get('bodies', [job.queue, job.seq]))?.body : job.body;
}

/** In a transaction of its own, where one is needed. Undefined where the job is gone: its number may be that of another. */
export async function readBody(database: Database, job: Job): Promise<ArrayBuffer | undefined> {
  if (!hasRow(job)) return job.body;
  return database.run({ tables: ['jobs', 'bodies'], mode: 'readonly', durability: 'relaxed' }, async (tx) => {
    const current = await tx.get('jobs', [job.queue, job.seq]);
    return current?.ticket === job.ticket ? bodyOf(tx, job) : undefined;
  });
}

/** The job under another body. */
export function replaceBody(tx: Tx, job: Job, body: ArrayBuffer | undefined): Job {
  const { body: _, ...rest } = job;
  const replaced = { ...rest, bodyBytes: body?.byteLength ?? 0, ...inlineBody(body) };
  if (!hasRow(replaced)) deleteBody(tx, job);
  putBody(tx, replaced, body);
  return replaced;
}

/** Writes the row of a body that needs one. */
export function putBody(tx: Tx, job: Job, body: ArrayBuffer | undefined): void {
  if (body && hasRow(job)) tx.put('bodies', { queue: job.queue, seq: job.seq, body });
}

export function deleteBody(tx: Tx, job: Job): void {
  if (hasRow(job)) tx.delete('bodies', [job.queue, job.seq]);
}

/** Not only those that are large: earlier versions gave each body a row. */
function hasRow({ body, bodyBytes }: Job): boolean {
  return bodyBytes > 0 && !body;
}
