import { bodyOf, replaceBody } from './bodies.js';
import { sentenceOf } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import { type Answer, bytesOf, type Job, parseTicket, type Stored, type Ticket } from '../core/job.js';
import { bury, type Ledger, unpark } from './ledger.js';

/** What a job has to wait for before it may stand in line. */
export type Prior =
  | { kind: 'none' }
  | { kind: 'live' }
  | { kind: 'done'; answer: Answer }
  /** It never will be done: what was to come after it cannot. */
  | { kind: 'gone'; detail: string };

interface Successor {
  owner: Owner;
  after?: Ticket;
}

/** How the job that another comes after stands now. */
export async function findPrior({ tx, row }: Ledger, { owner, after }: Successor): Promise<Prior> {
  if (after === undefined) return { kind: 'none' };
  const place = parseTicket(after);
  if (place?.queue !== row.name)
    return { kind: 'gone', detail: `after: '${after}' is no job of queue '${row.name}'` };
  const job = await tx.get('jobs', [row.name, place.seq]);
  if (job?.ticket === after && job.owner === owner) return { kind: 'live' };
  const result = await tx.get('results', [row.name, place.seq]);
  if (result?.ticket !== after || result.owner !== owner)
    return { kind: 'gone', detail: `after: job '${after}' is not known any more` };
  return result.end.kind === 'done'
    ? { kind: 'done', answer: result.end.answer }
    : { kind: 'gone', detail: `after: job '${after}' was cancelled` };
}

/** A job is done: what comes after it is rewritten with its answer, stored so, and takes its place. */
export async function releaseDependents(ledger: Ledger, ticket: Ticket, answer: Answer): Promise<void> {
  for (const job of await dependentsOf(ledger, ticket)) await release(ledger, job, answer);
}

/**
 * An engine that knows no rules of this queue may have settled what others wait for: one that does catches up. What waits for
 * a job that is gone would wait for ever.
 */
export async function recoverDependents(ledger: Ledger): Promise<void> {
  if (ledger.row.parked === 0) return;
  const { tx, row } = ledger;
  const range = {
    index: 'byAfter',
    from: [row.name],
    to: [row.name, '\uffff', Number.POSITIVE_INFINITY],
  };
  for (const job of await tx.all('jobs', range)) {
    if (job.state.kind !== 'parked') continue;
    const prior = await findPrior(ledger, job);
    if (prior.kind === 'done') await release(ledger, job, prior.answer);
    if (prior.kind === 'gone') await bury(ledger, job, { reason: 'after', detail: prior.detail });
  }
}

/** A job was cancelled: what was to come after it is a dead letter, for somebody to look at. */
export async function buryDependents(ledger: Ledger, ticket: Ticket): Promise<void> {
  for (const job of await dependentsOf(ledger, ticket))
    await bury(ledger, job, { reason: 'after', detail: `after: job '${ticket}' was cancelled` });
}

/** A newer job has taken the place of an older: what was to come after that one comes after this. */
export async function inheritDependents(ledger: Ledger, older: Job, newer: Job): Promise<void> {
  for (const job of await dependentsOf(ledger, older.ticket))
    ledger.tx.put('jobs', { ...job, after: newer.ticket });
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

async function dependentsOf({ tx, row }: Ledger, ticket: Ticket): Promise<Job[]> {
  if (row.parked === 0) return [];
  const from = [row.name, ticket];
  const jobs = await tx.all('jobs', { index: 'byAfter', from, to: [...from, Number.POSITIVE_INFINITY] });
  return jobs.filter(({ state }) => state.kind === 'parked');
}
