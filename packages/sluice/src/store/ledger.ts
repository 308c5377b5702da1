import { deleteBody } from './bodies.js';
import type { SluiceEvent } from '../core/events.js';
import type { Owner } from '../core/identity.js';
import {
  bytesOf,
  type DeadReason,
  type Job,
  type JobState,
  type Result,
  type Rewrite,
  stateInTurn,
} from '../core/job.js';
import type { QueueRow } from '../core/queue-row.js';
import { leaveFlow } from './line.js';
import type { Range, Share, Tx } from './rows.js';
import { forgetTwin } from './twins.js';

/**
 * The moves that a job can make, each with its rows, its counters and its event, inside one open transaction.
 * The queue row is changed in place; whoever opened the transaction writes it back once, at its end.
 */
export interface Ledger {
  tx: Tx;
  row: QueueRow;
  now: number;
  events: SluiceEvent[];
  rulesOf?: RulesOf;
  /** Jobs that this transaction has buried for their age. */
  buried?: number;
  /** Jobs that it has taken on since the one that they come after has ended. */
  followed?: number;
}

/** What the functions of a queue do inside a transaction, or allow there; undefined for a queue whose rules are not known here. */
export type RulesOf = (queue: string) => Rules | undefined;

export interface Rules {
  /** Of what comes after a job. */
  rewrite: Rewrite;
  /** Whether it can make batches, and take them apart. */
  batches: boolean;
}

/** Every live job passes through here on its way to or from a lease, so that the counters cannot be forgotten. */
export function move(ledger: Ledger, job: Job, state: Job['state']): void {
  count(ledger.row, job.state, -1);
  count(ledger.row, state, 1);
  ledger.tx.put('jobs', { ...job, state });
}

/** Jobs that one transaction buries at most for their age: each is several writes, and receipts wait meanwhile. */
const BURIED_AT_ONCE = 50;

/**
 * Buries those that are too old, as many as one transaction may; each is read anew, since the end of one may have moved the next.
 *
 * @returns the last of them, where there may be more
 */
export async function buryTooOld(ledger: Ledger, jobs: readonly Job[]): Promise<Job | undefined> {
  const expired = jobs.filter(({ expiresAt }) => expiresAt <= ledger.now);
  const left = BURIED_AT_ONCE - (ledger.buried ?? 0);
  const now = expired.slice(0, left);
  for (const { queue, seq } of now) {
    const job = await ledger.tx.get('jobs', [queue, seq]);
    if (job && job.state.kind !== 'dead') await bury(ledger, job, EXPIRED);
  }
  ledger.buried = (ledger.buried ?? 0) + now.length;
  return expired.length >= left ? (now.at(-1) ?? jobs[0]) : undefined;
}

/** What else is too old is for the next transaction. */
export function hasBuriedMost({ buried = 0 }: Ledger): boolean {
  return buried >= BURIED_AT_ONCE;
}

const EXPIRED = { reason: 'expired', detail: 'it waited longer than ttlMs' } as const;

/** A dead letter keeps its request and its body, to be looked at and redriven. */
export async function bury(
  ledger: Ledger,
  job: Job,
  cause: { reason: DeadReason; detail: string },
): Promise<void> {
  const { tx, row, now, events } = ledger;
  leaveQueue(row, job);
  row.counts.dead[cause.reason] = (row.counts.dead[cause.reason] ?? 0) + 1;
  const { chain: _, ...rest } = job;
  tx.put('jobs', { ...rest, state: { kind: 'dead', at: now, ...cause } });
  await forgetTwin(ledger, job);
  await leaveFlow(ledger, job);
  await promoteNext(ledger, job);
  events.push({ type: 'dead', queue: row.name, ticket: job.ticket, ...cause });
}

/** Where a job joins or rejoins the queue: behind, while its ordering key has a live job. */
export async function entryState(
  { tx, row, now }: Ledger,
  job: Pick<Job, 'owner' | 'rank' | 'notBefore' | 'orderingKey'>,
): Promise<JobState> {
  const { owner, orderingKey } = job;
  const chain = { name: row.name, owner };
  const [head] = orderingKey === undefined ? [] : await tx.all('jobs', chainRange(chain, orderingKey));
  return head ? { kind: 'behind', at: 0 } : stateInTurn(job, now);
}

/** The job and its body go, and how it ended stays. */
export async function leave(ledger: Ledger, job: Job, end: Result['end']): Promise<void> {
  const { tx, row } = ledger;
  leaveQueue(row, job);
  tx.delete('jobs', [job.queue, job.seq]);
  deleteBody(tx, job);
  tx.put('results', resultOf(job, end, row.policy.resultsKeptMs));
  await leaveFlow(ledger, job);
  await promoteNext(ledger, job);
}

function resultOf(job: Job, end: Result['end'], keptMs: number): Result {
  const { queue, owner, seq, ticket, request } = job;
  return {
    queue,
    owner,
    seq,
    ticket,
    method: request.method,
    url: request.url,
    end,
    expiresAt: end.at + keptMs,
  };
}

/** Where the head has left its chain, the next in line stands first now. */
async function promoteNext(ledger: Ledger, { owner, chain, state }: Job): Promise<void> {
  if (chain === undefined || isBehind(state)) return;
  const [next] = await ledger.tx.all('jobs', chainRange({ name: ledger.row.name, owner }, chain));
  if (next?.state.kind === 'behind') move(ledger, next, stateInTurn(next, ledger.now));
  if (next?.state.kind === 'parked') move(ledger, next, { ...next.state, behind: false });
}

/** A parked job takes the place that it has kept. */
export function unpark(ledger: Ledger, job: Job): void {
  move(ledger, job, isBehind(job.state) ? { kind: 'behind', at: 0 } : stateInTurn(job, ledger.now));
}

/** Not the first of its ordering key. */
export function isBehind(state: JobState): boolean {
  return state.kind === 'behind' || (state.kind === 'parked' && state.behind);
}

/** The first live job of an ordering key. */
export function chainRange({ name, owner }: Share, chain: string): Range {
  const from = [name, owner, chain];
  return { index: 'byChain', from, to: [...from, Number.POSITIVE_INFINITY], count: 1 };
}

/** A job has ended: it counts among the live ones no more. */
export function leaveQueue(row: QueueRow, { owner, seq, state, request, bodyBytes }: Job): void {
  count(row, state, -1);
  countLive(row, owner, -1);
  row.bytes = Math.max(0, row.bytes - bytesOf(request, bodyBytes));
  const { oldest } = row.metrics;
  const isOldest = oldest.kind === 'known' && oldest.seq === seq;
  if (isOldest) row.metrics = { ...row.metrics, oldest: { kind: 'from', seq: seq + 1 } };
}

/** One more or one less of an owner's jobs that have not ended. */
export function countLive({ live }: QueueRow, owner: Owner, by: 1 | -1): void {
  live[owner] = (live[owner] ?? 0) + by;
  if (live[owner] === 0) delete live[owner];
}

function count(row: QueueRow, state: JobState, by: 1 | -1): void {
  if (state.kind === 'leased') row.counts.leased += by;
  else if (state.kind !== 'dead') row.counts.waiting += by;
  if (state.kind === 'leased' && !state.rides) row.inFlight += by;
  if (state.kind === 'parked') row.parked += by;
}
