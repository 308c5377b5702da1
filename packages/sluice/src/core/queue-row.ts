import type { Owner } from './identity.js';
import type { PriorityClass } from './line.js';
import { type Flow, newFlow } from './flow/state.js';
import type { CancelReason, DeadReason, Ticket } from './job.js';
import { type Metrics, NO_METRICS } from './metrics.js';
import { FRESH_PACE, type Pace } from './pace.js';
import type { Pass } from './pass.js';
import type { PolicyPatch } from './policy-patch.js';
import type { QueuePolicy } from './policy.js';

/**
 * Where every accepted job is. At any instant
 * `accepted = waiting + leased + done + sum(dead) + sum(cancelled)`.
 */
export interface Counts {
  accepted: number;
  waiting: number;
  leased: number;
  done: number;
  dead: Partial<Record<DeadReason, number>>;
  cancelled: Partial<Record<CancelReason, number>>;
  /** Refused because the queue was full: never accepted. */
  refused: number;
  /** Given the ticket of a job that stood for them: never accepted. */
  deduplicated: number;
  /** Attempts that left; `sends / accepted` is the send amplification. */
  sends: number;
}

/** Everything that a queue is besides its jobs: one row, read and written in each of its transactions. */
export interface QueueRow {
  name: string;
  /** The rules that hold: those of the config, with the patch upon them. */
  policy: QueuePolicy;
  base: QueuePolicy;
  patch: PolicyPatch | null;
  nextSeq: number;
  /** Whose jobs are sent now: of whoever is signed in. */
  owner: Owner;
  /** Whose jobs become those of whoever is signed in, while some are left. */
  adopting?: Owner | undefined;
  /** Jobs that have not ended, by owner; no entry for none. */
  live: Record<Owner, number>;
  /** The classes of priority that were ever used. */
  classes: Record<number, PriorityClass>;
  /** Jobs served since one of a lower class was. */
  overtakes: number;
  /** Requests in flight: leases, the riders of a batch not counted. */
  inFlight: number;
  /** Jobs that a batch may have after the service found one too large; null: as many as the policy says. */
  batchMax: number | null;
  /** Jobs that wait to be released, or for another job. */
  parked: number;
  /** Those that wait for another are looked through, and this is the last that was; absent: none is owed a look. */
  followedTo?: [after: Ticket, seq: number] | undefined;
  counts: Counts;
  /** Bytes of the jobs that wait or are leased. */
  bytes: number;
  paused: boolean;
  /** Nobody is signed in whom the service would take it from: until `setContext`, or a nudge. */
  awaitsSignIn: boolean;
  /** How often credentials have changed: an answer to older ones says nothing of those that hold now. Absent in older rows. */
  credentials?: number;
  /** An origin answers, and the browser keeps its answers back. Absent in older rows. */
  blocked?: { origin: string; detail: string } | undefined;
  flow: Flow;
  pace: Pace;
  /** Origins with a limit that its functions have made requests to: each send is charged to these, too. */
  reached?: string[];
  /** The last send that was charged was none of a job: it passed the queue by. Absent in older rows. */
  isPassed?: boolean;
  /** Sends under way that are none of a job. Absent in older rows. */
  passes?: Pass[];
  metrics: Metrics;
}

const NO_COUNTS: Counts = {
  accepted: 0,
  waiting: 0,
  leased: 0,
  done: 0,
  dead: {},
  cancelled: {},
  refused: 0,
  deduplicated: 0,
  sends: 0,
};

/** Somebody has signed in, has handed over what the service asks for, or says to try again. */
export function signedIn({ credentials = 0 }: QueueRow): Pick<QueueRow, 'awaitsSignIn' | 'credentials'> {
  return { awaitsSignIn: false, credentials: credentials + 1 };
}

export function newQueueRow(name: string, policy: QueuePolicy, owner: Owner): QueueRow {
  return {
    name,
    policy,
    base: policy,
    patch: null,
    nextSeq: 1,
    owner,
    live: {},
    classes: {},
    overtakes: 0,
    inFlight: 0,
    batchMax: null,
    parked: 0,
    counts: { ...NO_COUNTS, dead: {}, cancelled: {} },
    bytes: 0,
    paused: false,
    awaitsSignIn: false,
    flow: newFlow(),
    pace: FRESH_PACE,
    metrics: NO_METRICS,
  };
}

/**
 * The row under other rules. Another rate begins anew with its spacing and with what was learnt; the log of sends stands,
 * so that no window is broken by the change.
 */
export function underPolicy(row: QueueRow, policy: QueuePolicy): QueueRow {
  if (JSON.stringify(policy.rate) === JSON.stringify(row.policy.rate)) return { ...row, policy };
  const flow = { ...row.flow, rate: undefined, nextAt: 0 };
  // What was sent without a rate is on no record.
  const since = row.policy.rate ? row.pace.since : row.pace.n;
  return { ...row, policy, flow, pace: { ...row.pace, since, tat: 0 } };
}

/** Jobs that have not ended of whoever is signed in: what an engine has to do. */
export function depthOf({ live, owner }: QueueRow): number {
  return live[owner] ?? 0;
}

/** Jobs that have not ended, whosoever they are: what the queue holds. */
export function totalDepthOf({ counts }: QueueRow): number {
  return counts.waiting + counts.leased;
}

/** Jobs of whoever is signed in that wait. */
export function waitingOf(row: QueueRow): number {
  return Math.max(0, depthOf(row) - row.counts.leased);
}

/** When a job that is enqueued now is about to be sent, or undefined while that is not in the queue's hands. */
export function estimatedStartAt(row: QueueRow, now: number): number | undefined {
  if (row.paused || row.awaitsSignIn) return undefined;
  const openAt = Math.max(now, row.pace.openAt, row.flow.gateUntil);
  const { rate } = row.policy;
  return rate ? Math.round(openAt + (depthOf(row) * rate.perMs) / rate.limit) : openAt;
}
