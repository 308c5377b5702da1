import type { Settlement } from './attempt.js';
import { backoffMs } from './backoff.js';
import { afterOutageEnd, afterSuccess, type Flow } from './flow.js';
import type { CancelReason, DeadReason, Job } from './job.js';
import { MAX_FREEZE_MS } from './policy.js';
import type { Gate, QueueRow } from './queue-row.js';
import { type Verdict, verdictOn } from './verdict.js';

/** Where a verdict takes a job. */
export type NextPlace =
  | { kind: 'done' }
  | { kind: 'ready' }
  | { kind: 'delayed'; at: number; detail: string }
  | { kind: 'dead'; reason: DeadReason; detail: string }
  | { kind: 'cancelled'; reason: CancelReason };

/** What a settle makes of a job and of its queue. */
export interface Settled {
  next: NextPlace;
  attempts: number;
  queue: Pick<QueueRow, 'flow' | 'gate' | 'throttled' | 'batchMax'>;
}

export interface Instant {
  now: number;
  /** In [0, 1). */
  chance: number;
}

/** The verdict on one settlement, applied: pure, so that the transaction around it only reads and writes rows. */
export function settle(row: QueueRow, job: Job, settlement: Settlement, instant: Instant): Settled {
  const verdict = verdictOn(settlement.end, row.policy);
  const queue = queueAfter(row, settlement, instant);
  const isSplit = isTooLarge(settlement);
  const attempts = job.attempts + (!isSplit && isSpent(verdict, row.flow, queue.flow) ? 1 : 0);
  const cancelled = job.state.kind === 'leased' && job.state.cancelled;
  const facts = { verdict: isSplit ? GIVE_BACK : verdict, attempts, cancelled };
  return { next: placeAfter(row, facts, instant), attempts, queue };
}

const GIVE_BACK: Verdict = { kind: 'give-back' };

/** What a request tells of the service: that of a batch once, by its first job. */
function queueAfter(row: QueueRow, settlement: Settlement, instant: Instant): Settled['queue'] {
  const { flow, gate, throttled, batchMax } = row;
  const { batch, end } = settlement;
  if (batch && batch.index > 0) return { flow, gate, throttled, batchMax };
  const verdict = verdictOn(batch?.whole ?? end, row.policy);
  return {
    flow: flowAfter(flow, verdict, { settlement, ...instant }),
    ...gateAfter(row, verdict, instant),
    batchMax: batchMaxAfter(row, settlement),
  };
}

/** A batch that the service found too large comes back as halves; each success makes the next one larger by one. */
function batchMaxAfter({ batchMax, policy }: QueueRow, settlement: Settlement): number | null {
  const { batch } = settlement;
  if (batch && isTooLarge(settlement)) return Math.max(1, Math.floor(batch.size / 2));
  if (batchMax === null || settlement.end.kind !== 'answer') return batchMax;
  const grown = batchMax + 1;
  return policy.batch && grown < policy.batch.max ? grown : null;
}

function isTooLarge({ batch }: Settlement): boolean {
  return batch?.whole.kind === 'answer' && batch.whole.answer.status === 413;
}

function flowAfter(
  flow: Flow,
  verdict: Verdict,
  { settlement, ...instant }: { settlement: Settlement } & Instant,
): Flow {
  if (verdict.kind === 'nack' && verdict.outage) {
    return afterOutageEnd(flow, { sentAt: settlement.sentAt, ...instant });
  }
  const { kind } = settlement.batch?.whole ?? settlement.end;
  const isAlive = kind === 'answer' || kind === 'hidden';
  // A throttling answer proves that the service is back, and is no reason to go faster.
  if (verdict.kind === 'freeze') return flow.phase === 'probe' ? afterSuccess(flow) : flow;
  return isAlive ? afterSuccess(flow) : flow;
}

/** An outage kills no job: once the queue probes, a failure is the service's, not the job's. */
function isSpent(verdict: Verdict, before: Flow, after: Flow): boolean {
  if (verdict.kind !== 'nack') return verdict.kind === 'ack' || verdict.kind === 'dead';
  return !(verdict.outage && (before.phase === 'probe' || after.phase === 'probe'));
}

function gateAfter(
  { gate, throttled, policy }: QueueRow,
  verdict: Verdict,
  { now, chance }: Instant,
): Pick<QueueRow, 'gate' | 'throttled'> {
  if (verdict.kind === 'ack') return { gate, throttled: 0 };
  if (verdict.kind === 'sign-in') return { gate: { kind: 'sign-in' }, throttled };
  if (verdict.kind !== 'freeze') return { gate, throttled };
  return {
    gate: frozen(gate, now + freezeMs(verdict, throttled, policy.backoff, chance)),
    throttled: throttled + 1,
  };
}

/** A hint is a lower bound, never the schedule: jitter on top keeps a fleet from coming back as one. */
function freezeMs(
  { holdMs }: { holdMs: number | undefined },
  throttled: number,
  backoff: { baseMs: number; maxMs: number },
  chance: number,
): number {
  if (holdMs !== undefined)
    return Math.min(holdMs + (chance / 2) * Math.max(1000, holdMs), MAX_FREEZE_MS * 1.5);
  return backoff.baseMs + backoffMs(throttled + 1, backoff, chance);
}

function frozen(gate: Gate, until: number): Gate {
  if (gate.kind === 'sign-in') return gate;
  return { kind: 'frozen', until: Math.round(Math.max(until, gate.kind === 'frozen' ? gate.until : 0)) };
}

interface Facts {
  verdict: Verdict;
  attempts: number;
  cancelled: boolean;
}

function placeAfter(row: QueueRow, { verdict, attempts, cancelled }: Facts, instant: Instant): NextPlace {
  if (verdict.kind === 'ack') return { kind: 'done' };
  if (verdict.kind === 'dead') return { kind: 'dead', reason: verdict.reason, detail: verdict.detail };
  if (cancelled) return { kind: 'cancelled', reason: 'user' };
  if (verdict.kind !== 'nack') return { kind: 'ready' };
  if (attempts >= row.policy.maxAttempts)
    return {
      kind: 'dead',
      reason: 'attempts',
      detail: `gave up after ${attempts} attempts: ${verdict.detail}`,
    };
  const delayMs = backoffMs(Math.max(1, attempts), row.policy.backoff, instant.chance);
  return { kind: 'delayed', at: instant.now + Math.max(verdict.waitMs, delayMs), detail: verdict.detail };
}
