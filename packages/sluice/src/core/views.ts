import {
  type Answer,
  type CancelReason,
  type DeadReason,
  headersOf,
  type Job,
  type Result,
  type Ticket,
} from './job.js';
import { rateOf } from './flow/state.js';
import { perSecond, percentiles, type QueueMetrics } from './metrics.js';
import { flowConfigOf } from './policy.js';
import type { PolicyPatch } from './policy-patch.js';
import { type Counts, depthOf, type QueueRow, totalDepthOf, waitingOf } from './queue-row.js';

/** A job as a page sees it: no body, no secrets. */
export interface JobView {
  ticket: Ticket;
  queue: string;
  state: 'waiting' | 'leased' | 'done' | 'dead' | 'cancelled';
  method: string;
  url: string;
  orderingKey?: string;
  idempotencyKey?: string;
  enqueuedAt?: number;
  attempts?: number;
  bodyBytes?: number;
  /** When a waiting job is due, where that is not now. */
  dueAt?: number;
  /** Waits to be released, or for the job named by `after`. */
  parked?: 'held' | 'after';
  priority?: number;
  /** The trace that the request belongs to (W3C Trace Context), where it says so. */
  traceparent?: string;
  dedupeKey?: string;
  after?: Ticket;
  /** When it ended. */
  endedAt?: number;
  reason?: DeadReason | CancelReason;
  detail?: string;
  answer?: Answer;
}

/** How a job ended, for whoever holds its ticket. */
export type Outcome =
  | { kind: 'done'; ticket: Ticket; response: Answer }
  | { kind: 'dead'; ticket: Ticket; reason: DeadReason; detail: string; response?: Answer }
  | { kind: 'cancelled'; ticket: Ticket; reason: CancelReason }
  /** Never heard of it, or its result has expired. */
  | { kind: 'unknown'; ticket: Ticket };

/** What a queue is doing. */
export type QueueStatus =
  | { kind: 'idle' }
  | { kind: 'draining' }
  | { kind: 'paused' }
  /** The service asked for quiet until then. */
  | { kind: 'frozen'; until: number }
  /** The service is gone; it is tried again then, one job at a time. */
  | { kind: 'probing'; until: number }
  | { kind: 'sign-in' };

export interface QueueView {
  status: QueueStatus;
  /** Jobs of whoever is signed in that have not ended. */
  depth: number;
  waiting: number;
  leased: number;
  /** Jobs that wait for another user to sign in. */
  others: number;
  /** Bytes of all jobs that have not ended. */
  bytes: number;
  done: number;
  dead: number;
  cancelled: number;
  counts: Counts;
  /** What `setPolicy` has changed, until null. */
  patch: PolicyPatch | null;
}

export function viewOfJob(job: Job): JobView {
  const { ticket, queue, state, request, orderingKey, idempotencyKey, enqueuedAt, attempts, bodyBytes } = job;
  const common = {
    ticket,
    queue,
    method: request.method,
    url: request.url,
    idempotencyKey,
    enqueuedAt,
    attempts,
    bodyBytes,
    priority: job.priority,
    ...(orderingKey === undefined ? {} : { orderingKey }),
    ...(job.dedupeKey === undefined ? {} : { dedupeKey: job.dedupeKey }),
    ...(job.after === undefined ? {} : { after: job.after }),
    ...traceOf(job),
    ...(job.lastAnswer ? { answer: job.lastAnswer } : {}),
  };
  switch (state.kind) {
    case 'leased':
      return { ...common, state: 'leased' };
    case 'dead':
      return { ...common, state: 'dead', endedAt: state.at, reason: state.reason, detail: state.detail };
    case 'parked':
      return { ...common, state: 'waiting', parked: state.why };
    case 'delayed':
    case 'scheduled':
      return { ...common, state: 'waiting', dueAt: state.at };
    default:
      return { ...common, state: 'waiting' };
  }
}

function traceOf({ request }: Job): Pick<JobView, 'traceparent'> {
  const [, traceparent] = headersOf(request).find(([name]) => name.toLowerCase() === 'traceparent') ?? [];
  return traceparent === undefined ? {} : { traceparent };
}

export function viewOfResult({ ticket, queue, method, url, end }: Result): JobView {
  const common = { ticket, queue, method, url, endedAt: end.at };
  return end.kind === 'done'
    ? { ...common, state: 'done', answer: end.answer }
    : { ...common, state: 'cancelled', reason: end.reason };
}

/** The outcome that a view tells, or undefined while the job has not ended. */
export function outcomeOf(view: JobView): Outcome | undefined {
  const { ticket, answer } = view;
  switch (view.state) {
    case 'done':
      return answer && { kind: 'done', ticket, response: answer };
    case 'dead':
      return {
        kind: 'dead' as const,
        ticket,
        reason: view.reason as DeadReason,
        detail: view.detail ?? '',
        ...(answer ? { response: answer } : {}),
      };
    case 'cancelled':
      return { kind: 'cancelled', ticket, reason: view.reason as CancelReason };
    default:
      return undefined;
  }
}

export function viewOfQueue(row: QueueRow, now: number): QueueView {
  const { counts, bytes } = row;
  return {
    status: statusOf(row, now),
    depth: depthOf(row),
    waiting: waitingOf(row),
    leased: counts.leased,
    others: totalDepthOf(row) - depthOf(row),
    bytes,
    done: counts.done,
    dead: sum(counts.dead),
    cancelled: sum(counts.cancelled),
    counts,
    patch: row.patch,
  };
}

export function metricsOf(row: QueueRow, now: number): QueueMetrics {
  const { metrics, counts, flow, policy } = row;
  const { arrivals, dispatches, frozenMs, latency, oldest } = metrics;
  const allowed = rateOf(flow, flowConfigOf(policy), now);
  return {
    arrivalsPerSecond: perSecond(arrivals, now),
    dispatchesPerSecond: perSecond(dispatches, now),
    allowedPerSecond: Number.isFinite(allowed) ? allowed : null,
    oldestAgeMs: depthOf(row) > 0 && oldest.kind === 'known' ? Math.max(0, now - oldest.at) : null,
    sendAmplification: counts.accepted > 0 ? counts.sends / counts.accepted : null,
    frozenMs: frozenMs - Math.max(0, flow.gateUntil - now),
    latencyMs: percentiles(latency),
  };
}

function statusOf(row: QueueRow, now: number): QueueStatus {
  const { paused, awaitsSignIn, flow } = row;
  if (paused) return { kind: 'paused' };
  if (awaitsSignIn) return { kind: 'sign-in' };
  if (flow.gateUntil > now) return { kind: 'frozen', until: flow.gateUntil };
  if (flow.phase.kind === 'probe') return { kind: 'probing', until: flow.phase.until };
  return { kind: depthOf(row) > 0 ? 'draining' : 'idle' };
}

function sum(byReason: Partial<Record<string, number>>): number {
  return Object.values(byReason).reduce<number>((total, n) => total + (n ?? 0), 0);
}
