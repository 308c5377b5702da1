import type { PolicyPatch } from './policy-patch.js';
import { type Counts, depthOf, type QueueRow, totalDepthOf, waitingOf } from './queue-row.js';

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
