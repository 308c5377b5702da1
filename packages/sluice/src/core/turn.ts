import { concurrencyOf } from './flow.js';
import { MAX_FREEZE_MS } from './policy.js';
import type { Gate, QueueRow } from './queue-row.js';

/** Whether a queue may claim now, and if not, when it is worth a look without anybody's asking. */
export type Opening =
  /** No send may begin. */
  | { kind: 'closed'; nextAt: number | undefined }
  /** As many in flight as may be. */
  | { kind: 'busy' }
  | { kind: 'open'; slots: number };

/** The gate at `now`: a freeze ends by itself, and no clock jump makes one outlast the longest that can be asked for. */
export function gateAt(gate: Gate, now: number): Gate {
  if (gate.kind !== 'frozen') return gate;
  const until = Math.min(gate.until, now + MAX_FREEZE_MS * 1.5);
  return until <= now ? { kind: 'open' } : { kind: 'frozen', until };
}

/** What stands between a queue and its next claim, pace apart. */
export function openingOf({ paused, gate, flow, policy, inFlight }: QueueRow, now: number): Opening {
  if (paused || gate.kind === 'sign-in') return { kind: 'closed', nextAt: undefined };
  if (gate.kind === 'frozen') return { kind: 'closed', nextAt: gate.until };
  if (flow.phase === 'probe' && flow.until > now) return { kind: 'closed', nextAt: flow.until };
  const slots = concurrencyOf(flow, policy.concurrency) - inFlight;
  return slots > 0 ? { kind: 'open', slots } : { kind: 'busy' };
}

/** The earlier of two instants, either of which may not exist. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
