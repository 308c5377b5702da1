import { quietUntil } from './flow/decide.js';
import { aheadOf, capOf } from './flow/state.js';
import { nextPassEnd, passesOf } from './pass.js';
import { flowConfigOf } from './policy.js';
import type { QueueRow } from './queue-row.js';

/** Whether a queue may claim now, and if not, when it is worth a look without anybody's asking. */
export type Opening =
  /** No send may begin. */
  | { kind: 'closed'; nextAt: number | undefined }
  /** As many in flight as may be; `nextAt`: a place becomes free by time. */
  | { kind: 'busy'; nextAt: number | undefined }
  | { kind: 'open'; slots: number };

/** What stands between a queue and its next claim, rate apart. */
export function openingOf(row: QueueRow, now: number): Opening {
  const { paused, awaitsSignIn, flow, adopting } = row;
  if (adopting !== undefined) return { kind: 'closed', nextAt: now };
  if (paused || awaitsSignIn) return { kind: 'closed', nextAt: undefined };
  const nextAt = quietUntil(flow, now);
  if (nextAt !== undefined) return { kind: 'closed', nextAt };
  if (!hasSlot(row, now)) return { kind: 'busy', nextAt: nextPassEnd(row, now) };
  return { kind: 'open', slots: mostOf(row) - inFlightOf(row, now) };
}

/**
 * Whether one more may be claimed. What latency allows are sends under way: one that has not left does not count, or a
 * claim ahead of its turn would lower the rate that the cap stands for.
 */
export function hasSlot(row: QueueRow, now: number): boolean {
  const { flow, policy } = row;
  return inFlightOf(row, now) < mostOf(row) && underWay(row, now) < capOf(flow, flowConfigOf(policy));
}

/** Of the sends in flight those that have left, as far as their instants tell. */
export function underWay(row: QueueRow, now: number): number {
  const { flow, policy } = row;
  return Math.max(0, inFlightOf(row, now) - aheadOf(flow, flowConfigOf(policy), now));
}

/** Places that are taken: by leases, and by sends that are no job's. */
function inFlightOf(row: QueueRow, now: number): number {
  return row.inFlight + passesOf(row, now).length;
}

/** Leases at most, a probe being alone. */
function mostOf({ flow, policy }: QueueRow): number {
  return flow.phase.kind === 'probe' ? 1 : policy.concurrency;
}

/** The earlier of two instants, either of which may not exist. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
