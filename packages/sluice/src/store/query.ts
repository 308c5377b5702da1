import { bodyOf } from './bodies.js';
import { SluiceError } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import { type Job, parseTicket, type Result, type Ticket, WAITING_KINDS } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import { type JobView, viewOfJob, viewOfResult } from '../core/views.js';
import { type Database, type KeyPart, type Plan, type Tx } from './rows.js';

const READ: Plan = { tables: ['jobs', 'queues', 'results'], mode: 'readonly', durability: 'relaxed' };

/** What is known of a ticket. `elsewhere`: its job is that of another user. */
export type Known =
  | { kind: 'job'; view: JobView; owner: Owner }
  | { kind: 'elsewhere' }
  | { kind: 'unknown' };

/** In one transaction, in their order. */
export function readTicketed(database: Database, tickets: readonly Ticket[]): Promise<Known[]> {
  return database.run(READ, (tx) => Promise.all(tickets.map((ticket) => readKnown(tx, ticket))));
}

async function readKnown(tx: Tx, ticket: Ticket): Promise<Known> {
  const place = parseTicket(ticket);
  if (!place) return { kind: 'unknown' };
  const [row, job] = await Promise.all([
    tx.get('queues', place.queue),
    tx.get('jobs', [place.queue, place.seq]),
  ]);
  const result = job ? undefined : await tx.get('results', [place.queue, place.seq]);
  const found = job ?? result;
  if (found?.ticket !== ticket) return { kind: 'unknown' };
  if (found.owner !== row?.owner) return { kind: 'elsewhere' };
  return { kind: 'job', owner: found.owner, view: job ? viewOfJob(job) : viewOfResult(result as Result) };
}

/** A job as it stands, and the rules of its queue. */
export interface Standing {
  job: Job;
  body: ArrayBuffer | undefined;
  policy: QueuePolicy;
}

/** A job of whoever is signed in as it is stored, and its body; undefined where there is none, or it has ended. */
export function readStored(database: Database, ticket: Ticket): Promise<Standing | undefined> {
  const place = parseTicket(ticket);
  if (!place) return Promise.resolve(undefined);
  return database.run({ ...READ, tables: ['jobs', 'bodies', 'queues'] }, async (tx) => {
    const row = await tx.get('queues', place.queue);
    const job = await tx.get('jobs', [place.queue, place.seq]);
    if (!row || job?.ticket !== ticket || job.owner !== row.owner) return undefined;
    return { job, body: await bodyOf(tx, job), policy: row.policy };
  });
}

/** The job or its result, or undefined where neither is kept, or not for whoever is signed in. */
export async function readJob(database: Database, ticket: Ticket): Promise<JobView | undefined> {
  const [known] = await readTicketed(database, [ticket]);
  return known?.kind === 'job' ? known.view : undefined;
}

export interface ListRequest {
  queue: string;
  state: JobView['state'];
  after: string | undefined;
  limit: number;
}

/** The kinds of rows that make up a state, in the order in which they are listed. */
const KINDS: Record<JobView['state'], readonly string[]> = {
  waiting: WAITING_KINDS,
  leased: ['leased'],
  dead: ['dead'],
  done: ['done'],
  cancelled: ['cancelled'],
};

/**
 * One page of a list, without loading a body. Resumes by key, so it costs the same at any depth.
 *
 * @throws SluiceError `config-invalid` for an `after` that no page of this state has answered
 */
export function listJobs(
  database: Database,
  { queue, state, after, limit }: ListRequest,
): Promise<{ owner: Owner; jobs: JobView[]; next: string | undefined }> {
  return database.run(READ, async (tx) => {
    const kinds = KINDS[state];
    const owner = (await tx.get('queues', queue))?.owner ?? 0;
    const from = positionOf(after, kinds);
    const jobs: JobView[] = [];
    for (const [i, kind] of kinds.entries()) {
      if (i < from.kindIndex) continue;
      const start = i === from.kindIndex ? from.key : [];
      const rows = await page(tx, [queue, owner, kind, ...start], limit - jobs.length);
      jobs.push(...rows.map(({ view }) => view));
      const last = rows.at(-1);
      if (jobs.length === limit && last) return { owner, jobs, next: JSON.stringify([kind, ...last.key]) };
    }
    return { owner, jobs, next: undefined };
  });
}

function positionOf(
  after: string | undefined,
  kinds: readonly string[],
): { kindIndex: number; key: KeyPart[] } {
  if (after === undefined) return { kindIndex: 0, key: [] };
  const [kind, ...key] = partsOf(after);
  const kindIndex = kinds.indexOf(kind as string);
  if (kindIndex >= 0 && key.length === 2 && key.every((part) => typeof part === 'number'))
    return { kindIndex, key };
  throw new SluiceError(
    'config-invalid',
    `list: after is ${JSON.stringify(after)}; allowed: the next of a page of this state.`,
    { value: after },
  );
}

function partsOf(after: string): unknown[] {
  try {
    return [JSON.parse(after) as unknown].flat();
  } catch {
    return [];
  }
}

async function page(tx: Tx, from: KeyPart[], count: number): Promise<{ view: JobView; key: KeyPart[] }[]> {
  const [queue = '', owner = 0, kind = ''] = from;
  const to = [queue, owner, kind, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (kind === 'done' || kind === 'cancelled') {
    const rows: Result[] = await tx.all('results', { index: 'byEnd', from, to, after: true, count });
    return rows.map((row) => ({ view: viewOfResult(row), key: [row.end.at, row.seq] }));
  }
  const rows: Job[] = await tx.all('jobs', { index: 'byState', from, to, after: true, count });
  return rows.map((row) => ({ view: viewOfJob(row), key: [row.state.at, row.seq] }));
}
