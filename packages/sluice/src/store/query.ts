import type { Job, Result, Ticket } from '../core/job.js';
import { parseTicket } from '../core/job.js';
import type { QueueRow } from '../core/queue-row.js';
import { type JobView, viewOfJob, viewOfResult } from '../core/views.js';
import { type Database, EVERYTHING, type KeyPart, type Plan, type Tx } from './rows.js';

const READ: Plan = { tables: ['jobs', 'queues', 'results'], mode: 'readonly', durability: 'relaxed' };

export function readQueues(database: Database): Promise<QueueRow[]> {
  return database.run({ ...READ, tables: ['queues'] }, (tx) => tx.all('queues', EVERYTHING));
}

/** The job or its result, or undefined where neither is kept. */
export function readJob(database: Database, ticket: Ticket): Promise<JobView | undefined> {
  const place = parseTicket(ticket);
  if (!place) return Promise.resolve(undefined);
  return database.run(READ, async (tx) => {
    const job = await tx.get('jobs', [place.queue, place.seq]);
    if (job?.ticket === ticket) return viewOfJob(job);
    const result = await tx.get('results', [place.queue, place.seq]);
    return result?.ticket === ticket ? viewOfResult(result) : undefined;
  });
}

export interface ListRequest {
  queue: string;
  state: JobView['state'];
  after: string | undefined;
  limit: number;
}

/** The kinds of rows that make up a state, in the order in which they are listed. */
const KINDS: Record<JobView['state'], readonly string[]> = {
  waiting: ['ready', 'delayed', 'scheduled', 'behind', 'parked'],
  leased: ['leased'],
  dead: ['dead'],
  done: ['done'],
  cancelled: ['cancelled'],
};

/** One page of a list, without loading a body. Resumes by key, so it costs the same at any depth. */
export function listJobs(
  database: Database,
  { queue, state, after, limit }: ListRequest,
): Promise<{ jobs: JobView[]; next: string | undefined }> {
  return database.run(READ, async (tx) => {
    const kinds = KINDS[state];
    const from = positionOf(after, kinds);
    const jobs: JobView[] = [];
    for (const [i, kind] of kinds.entries()) {
      if (i < from.kindIndex) continue;
      const start = i === from.kindIndex ? from.key : [];
      const rows = await page(tx, [queue, kind, ...start], limit - jobs.length);
      jobs.push(...rows.map(({ view }) => view));
      const last = rows.at(-1);
      if (jobs.length === limit && last) return { jobs, next: JSON.stringify([kind, ...last.key]) };
    }
    return { jobs, next: undefined };
  });
}

function positionOf(
  after: string | undefined,
  kinds: readonly string[],
): { kindIndex: number; key: KeyPart[] } {
  if (after === undefined) return { kindIndex: 0, key: [] };
  const [kind, ...key] = JSON.parse(after) as [string, ...KeyPart[]];
  return { kindIndex: kinds.indexOf(kind), key };
}

async function page(tx: Tx, from: KeyPart[], count: number): Promise<{ view: JobView; key: KeyPart[] }[]> {
  const [queue = '', kind = ''] = from;
  const to = [queue, kind, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (kind === 'done' || kind === 'cancelled') {
    const rows: Result[] = await tx.all('results', { index: 'byEnd', from, to, after: true, count });
    return rows.map((row) => ({ view: viewOfResult(row), key: [row.end.at, row.seq] }));
  }
  const rows: Job[] = await tx.all('jobs', { index: 'byState', from, to, after: true, count });
  return rows.map((row) => ({ view: viewOfJob(row), key: [row.state.at, row.seq] }));
}
