import type { SluiceEvent } from '../core/events.js';
import {
  type Answer,
  bytesOf,
  type CancelReason,
  type DeadReason,
  type Job,
  type Result,
} from '../core/job.js';
import type { QueueRow } from '../core/queue-row.js';
import type { Tx } from './rows.js';

/**
 * The moves that a job can make, each with its rows, its counters and its event, inside one open transaction.
 * The queue row is changed in place; whoever opened the transaction writes it back once, at its end.
 */
export interface Ledger {
  tx: Tx;
  row: QueueRow;
  now: number;
  events: SluiceEvent[];
}

/** Every live job passes through here on its way to or from a lease, so that the counters cannot be forgotten. */
export function move(ledger: Ledger, job: Job, state: Job['state']): void {
  count(ledger.row, job.state.kind, -1);
  count(ledger.row, state.kind, 1);
  ledger.tx.put('jobs', { ...job, state });
}

export async function finish(ledger: Ledger, job: Job, answer: Answer): Promise<void> {
  const { row, now, events } = ledger;
  row.counts.done += 1;
  await leave(ledger, job, { kind: 'done', at: now, answer: capped(answer, row.policy.resultBytes) });
  events.push({ type: 'done', queue: row.name, ticket: job.ticket, status: answer.status });
}

export async function cancel(ledger: Ledger, job: Job, reason: CancelReason): Promise<void> {
  const { row, now, events } = ledger;
  row.counts.cancelled[reason] = (row.counts.cancelled[reason] ?? 0) + 1;
  await leave(ledger, job, { kind: 'cancelled', at: now, reason });
  events.push({ type: 'cancelled', queue: row.name, ticket: job.ticket, reason });
}

/** A dead letter keeps its request and its body, to be looked at and redriven. */
export async function bury(
  ledger: Ledger,
  job: Job,
  cause: { reason: DeadReason; detail: string },
): Promise<void> {
  const { tx, row, now, events } = ledger;
  count(row, job.state.kind, -1);
  row.bytes -= bytesOf(job.request, job.bodyBytes);
  row.counts.dead[cause.reason] = (row.counts.dead[cause.reason] ?? 0) + 1;
  const { chain, ...rest } = job;
  tx.put('jobs', { ...rest, state: { kind: 'dead', at: now, ...cause } });
  await promoteNext(ledger, chain);
  events.push({ type: 'dead', queue: row.name, ticket: job.ticket, ...cause });
}

/** Where a job joins or rejoins the queue: behind, while its ordering key has a live job. */
export async function entryState({ tx, row }: Ledger, chain: string | undefined): Promise<Job['state']> {
  if (chain === undefined) return { kind: 'ready', at: 0 };
  const [head] = await tx.all('jobs', chainRange(row.name, chain));
  return head ? { kind: 'behind', at: 0 } : { kind: 'ready', at: 0 };
}

async function leave(ledger: Ledger, job: Job, end: Result['end']): Promise<void> {
  const { tx, row } = ledger;
  count(row, job.state.kind, -1);
  row.bytes -= bytesOf(job.request, job.bodyBytes);
  tx.delete('jobs', [job.queue, job.seq]);
  if (job.bodyBytes > 0) tx.delete('bodies', [job.queue, job.seq]);
  tx.put('results', resultOf(job, end, row.policy.resultsKeptMs));
  await promoteNext(ledger, job.chain);
}

function resultOf(job: Job, end: Result['end'], keptMs: number): Result {
  const { queue, seq, ticket, request } = job;
  return { queue, seq, ticket, method: request.method, url: request.url, end, expiresAt: end.at + keptMs };
}

/** The head has left its chain: the next in line stands first now. */
async function promoteNext(ledger: Ledger, chain: string | undefined): Promise<void> {
  if (chain === undefined) return;
  const [next] = await ledger.tx.all('jobs', chainRange(ledger.row.name, chain));
  if (next?.state.kind === 'behind') move(ledger, next, { kind: 'ready', at: 0 });
}

function chainRange(queue: string, chain: string) {
  return { index: 'byChain', from: [queue, chain], to: [queue, chain, Number.POSITIVE_INFINITY], count: 1 };
}

function count(row: QueueRow, kind: Job['state']['kind'], by: 1 | -1): void {
  if (kind === 'leased') row.counts.leased += by;
  else if (kind !== 'dead') row.counts.waiting += by;
}

function capped(answer: Answer, capBytes: number): Answer {
  if (!answer.body || answer.body.byteLength <= capBytes) return answer;
  const { body: _, ...rest } = answer;
  return { ...rest, bodyOmitted: true };
}
