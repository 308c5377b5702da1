import { quietUntil } from './flow/decide.js';
import { capOf } from './flow/state.js';
import { flowConfigOf } from './policy.js';
import type { QueueRow } from './queue-row.js';

/** Whether a queue may claim now, and if not, when it is worth a look without anybody's asking. */
export type Opening =
  /** No send may begin. */
  | { kind: 'closed'; nextAt: number | undefined }
  /** As many in flight as may be. */
  | { kind: 'busy' }
  | { kind: 'open'; slots: number };

/** What stands between a queue and its next claim, rate apart. */
export function openingOf({ paused, awaitsSignIn, flow, policy, inFlight }: QueueRow, now: number): Opening {
  if (paused || awaitsSignIn) return { kind: 'closed', nextAt: undefined };
  const nextAt = quietUntil(flow, now);
  if (nextAt !== undefined) return { kind: 'closed', nextAt };
  const slots = capOf(flow, flowConfigOf(policy)) - inFlight;
  return slots > 0 ? { kind: 'open', slots } : { kind: 'busy' };
}

/** The earlier of two instants, either of which may not exist. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
