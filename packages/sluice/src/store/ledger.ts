import type { SluiceEvent } from '../core/events.js';
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
import type { Tx } from './rows.js';
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
  /** How a queue rewrites what comes after a job; undefined for a queue whose rules are not known here. */
  rewriteOf?: RewriteOf;
}

export type RewriteOf = (queue: string) => Rewrite | undefined;

/** Every live job passes through here on its way to or from a lease, so that the counters cannot be forgotten. */
export function move(ledger: Ledger, job: Job, state: Job['state']): void {
  count(ledger.row, job.state, -1);
  count(ledger.row, state, 1);
  ledger.tx.put('jobs', { ...job, state });
}

export const EXPIRED = { reason: 'expired', detail: 'it waited longer than ttlMs' } as const;

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
  job: Pick<Job, 'rank' | 'notBefore' | 'orderingKey'>,
): Promise<JobState> {
  const { orderingKey } = job;
  const [head] = orderingKey === undefined ? [] : await tx.all('jobs', chainRange(row.name, orderingKey));
  return head ? { kind: 'behind', at: 0 } : stateInTurn(job, now);
}

/** The job and its body go, and how it ended stays. */
export async function leave(ledger: Ledger, job: Job, end: Result['end']): Promise<void> {
  const { tx, row } = ledger;
  leaveQueue(row, job);
  tx.delete('jobs', [job.queue, job.seq]);
  if (job.bodyBytes > 0) tx.delete('bodies', [job.queue, job.seq]);
  tx.put('results', resultOf(job, end, row.policy.resultsKeptMs));
  await leaveFlow(ledger, job);
  await promoteNext(ledger, job);
}

function resultOf(job: Job, end: Result['end'], keptMs: number): Result {
  const { queue, seq, ticket, request } = job;
  return { queue, seq, ticket, method: request.method, url: request.url, end, expiresAt: end.at + keptMs };
}

/** Where the head has left its chain, the next in line stands first now. */
async function promoteNext(ledger: Ledger, { chain, state }: Job): Promise<void> {
  if (chain === undefined || isBehind(state)) return;
  const [next] = await ledger.tx.all('jobs', chainRange(ledger.row.name, chain));
  if (next?.state.kind === 'behind') move(ledger, next, stateInTurn(next, ledger.now));
  if (next?.state.kind === 'parked') move(ledger, next, { ...next.state, behind: false });
}

/** A parked job takes the place that it has kept. */
export function unpark(ledger: Ledger, job: Job): void {
  move(ledger, job, isBehind(job.state) ? { kind: 'behind', at: 0 } : stateInTurn(job, ledger.now));
}

function isBehind(state: JobState): boolean {
  return state.kind === 'behind' || (state.kind === 'parked' && state.behind);
}

function chainRange(queue: string, chain: string) {
  return { index: 'byChain', from: [queue, chain], to: [queue, chain, Number.POSITIVE_INFINITY], count: 1 };
}

function leaveQueue(row: QueueRow, { seq, state, request, bodyBytes }: Job): void {
  count(row, state, -1);
  row.bytes -= bytesOf(request, bodyBytes);
  const { oldest } = row.metrics;
  const isOldest = oldest.kind === 'known' && oldest.seq === seq;
  if (isOldest) row.metrics = { ...row.metrics, oldest: { kind: 'from', seq: seq + 1 } };
}

function count(row: QueueRow, state: JobState, by: 1 | -1): void {
  if (state.kind === 'leased') row.counts.leased += by;
  else if (state.kind !== 'dead') row.counts.waiting += by;
  if (state.kind === 'leased' && !state.rides) row.inFlight += by;
  if (state.kind === 'parked') row.parked += by;
}
