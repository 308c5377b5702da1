import { bodyOf, replaceBody } from './bodies.js';
import { sentenceOf } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import { type Answer, bytesOf, type Job, parseTicket, type Stored, type Ticket } from '../core/job.js';
import type { QueueRow } from '../core/queue-row.js';
import { bury, type Ledger, unpark } from './ledger.js';

/** What a job has to wait for before it may stand in line. */
export type Prior =
  | { kind: 'none' }
  | { kind: 'live' }
  | { kind: 'done'; answer: Answer }
  /** It never will be done: what was to come after it cannot. */
  | { kind: 'gone'; detail: string };

interface Successor {
  /** Whose it has to be, where that was not seen before. */
  owner?: Owner;
  after?: Ticket;
}

/** How the job that another comes after stands now. */
export async function findPrior({ tx, row }: Ledger, { owner, after }: Successor): Promise<Prior> {
  if (after === undefined) return { kind: 'none' };
  const place = parseTicket(after);
  if (place?.queue !== row.name)
    return { kind: 'gone', detail: `after: '${after}' is no job of queue '${row.name}'` };
  const isTheirs = (one: { ticket: Ticket; owner: Owner } | undefined): boolean =>
    one?.ticket === after && (owner === undefined || one.owner === owner);
  if (isTheirs(await tx.get('jobs', [row.name, place.seq]))) return { kind: 'live' };
  const result = await tx.get('results', [row.name, place.seq]);
  if (!result || !isTheirs(result))
    return { kind: 'gone', detail: `after: job '${after}' is not known any more` };
  return result.end.kind === 'done'
    ? { kind: 'done', answer: result.end.answer }
    : { kind: 'gone', detail: `after: job '${after}' was cancelled` };
}

/** A job is done: what comes after it is rewritten with its answer, stored so, and takes its place. */
export async function releaseDependents(ledger: Ledger, ticket: Ticket, answer: Answer): Promise<void> {
  for (const job of await dependentsOf(ledger, ticket)) await release(ledger, job, answer);
}

/** Jobs that one transaction takes on at most since another has ended: each is several writes, and receipts wait meanwhile. */
const FOLLOWED_AT_ONCE = 50;

/** Before the first of them. */
const FROM_START: QueueRow['followedTo'] = ['', 0];

/**
 * All that waits for another job is looked through anew, a bounded number a turn: there was more than one transaction takes, an engine
 * that knows no rules of this queue has settled what others wait for, or it is gone.
 */
export function followAll(row: QueueRow): void {
  row.followedTo = FROM_START;
}

/** Some more of those. */
export async function followMore(ledger: Ledger): Promise<void> {
  const { tx, row } = ledger;
  const count = leftToFollow(ledger);
  if (!row.followedTo || count === 0) return;
  const to = [row.name, '\uffff', Number.POSITIVE_INFINITY];
  const range = { index: 'byAfter', from: [row.name, ...row.followedTo], to, after: true, count };
  const jobs = row.parked > 0 ? await tx.all('jobs', range) : [];
  for (const job of jobs) await follow(ledger, job);
  const last = jobs.length === count ? jobs.at(-1) : undefined;
  row.followedTo = last?.after === undefined ? undefined : [last.after, last.seq];
}

async function follow(ledger: Ledger, job: Job): Promise<void> {
  if (job.state.kind !== 'parked' || job.after === undefined) return;
  // Whose it is was seen as it was stored; one of the two may have been adopted since.
  const prior = await findPrior(ledger, { after: job.after });
  if (prior.kind === 'done') await release(ledger, job, prior.answer);
  if (prior.kind === 'gone') await bury(ledger, job, { reason: 'after', detail: prior.detail });
}

function leftToFollow({ followed = 0 }: Ledger): number {
  return Math.max(0, FOLLOWED_AT_ONCE - followed);
}

/** A job was cancelled: what was to come after it is a dead letter, for somebody to look at. */
export async function buryDependents(ledger: Ledger, ticket: Ticket): Promise<void> {
  for (const job of await dependentsOf(ledger, ticket))
    await bury(ledger, job, { reason: 'after', detail: `after: job '${ticket}' was cancelled` });
}

/** Whether one transaction can hand over what comes after a job. */
export async function hasFewDependents(ledger: Ledger, { ticket }: Job): Promise<boolean> {
  const jobs = await readDependents(ledger, ticket, FOLLOWED_AT_ONCE + 1);
  return jobs.length <= FOLLOWED_AT_ONCE;
}

/** A newer job has taken the place of an older: what was to come after that one comes after this. */
export async function inheritDependents(ledger: Ledger, older: Job, newer: Job): Promise<void> {
  const jobs = await readDependents(ledger, older.ticket, FOLLOWED_AT_ONCE);
  for (const job of jobs) ledger.tx.put('jobs', { ...job, after: newer.ticket });
}

async function release(ledger: Ledger, job: Job, answer: Answer): Promise<void> {
  const rules = ledger.rulesOf?.(ledger.row.name);
  if (!rules) return;
  const body = await bodyOf(ledger.tx, job);
  let rewritten: Stored;
  try {
    rewritten = rules.rewrite({ request: job.request, body }, answer);
  } catch (error) {
    return bury(ledger, job, { reason: 'after', detail: `rewrite threw ${sentenceOf(error)}` });
  }
  unpark(ledger, withRewritten(ledger, job, rewritten));
  ledger.events.push({ type: 'released', queue: job.queue, ticket: job.ticket });
}

/** The job with its request and body rewritten, and nothing to wait for any more. */
function withRewritten({ tx, row }: Ledger, job: Job, { request, body }: Stored): Job {
  const { after: _, ...rewritten } = replaceBody(tx, job, body);
  row.bytes += bytesOf(request, rewritten.bodyBytes) - bytesOf(job.request, job.bodyBytes);
  return { ...rewritten, request };
}

/** As many as this transaction may take on; the others are found again by the next turns. */
async function dependentsOf(ledger: Ledger, ticket: Ticket): Promise<Job[]> {
  const left = leftToFollow(ledger);
  const jobs = await readDependents(ledger, ticket, left + 1);
  if (jobs.length > left) followAll(ledger.row);
  ledger.followed = (ledger.followed ?? 0) + Math.min(jobs.length, left);
  return jobs.slice(0, left).filter(({ state }) => state.kind === 'parked');
}

async function readDependents({ tx, row }: Ledger, ticket: Ticket, count: number): Promise<Job[]> {
  if (row.parked === 0) return [];
  const from = [row.name, ticket];
  return tx.all('jobs', { index: 'byAfter', from, to: [...from, Number.POSITIVE_INFINITY], count });
}
