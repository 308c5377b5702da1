import { afterAnswer, afterOutage, afterProbe } from './breaker.js';
import { budgetAfter } from './budget.js';
import type { Hint } from './hints.js';
import { latencyAfter } from './latency.js';
import { cutRate, growRate } from './rate.js';
import { copyOf, type Flow, type FlowConfig, MAX_GATE_MS } from './state.js';

/** What came of one send. */
export interface Outcome {
  /**
   * accepted: the service took it. rejected: it asked for less (429, or 503 or 403 with a hint). failed: 408 425 500.
   * outage: a network error, a timeout, 502 503 504. final: any other answer. ignored: stopped, or never sent.
   */
  kind: 'accepted' | 'rejected' | 'failed' | 'outage' | 'final' | 'ignored';
  sentAt: number;
  rttMs: number;
  /** It was a retry, and its job has ended with it: done, or refused for good. */
  endsRetry: boolean;
  hint?: Hint;
}

/** The flow after one outcome; `inFlight` counts what is still under way. */
export function observe(
  flow: Flow,
  config: FlowConfig,
  now: number,
  outcome: Outcome,
  inFlight: number,
  chance: () => number,
): Flow {
  const hinted = outcome.hint ? afterHint(flow, now, { ...outcome, hint: outcome.hint }, chance) : flow;
  const told = outcome.endsRetry ? afterRetry(hinted, now) : hinted;
  switch (outcome.kind) {
    case 'ignored':
      return told;
    case 'outage':
      return afterOutage(told, now, outcome.sentAt, chance);
    case 'failed':
    case 'final':
      return afterAnswer(told, config, now, outcome.sentAt);
    case 'rejected':
      // A probe that is rejected has found a crowd: it goes on probing.
      return told.phase.kind === 'probe'
        ? afterProbe(told, now, outcome.sentAt, chance)
        : cutRate(afterAnswer(told, config, now, outcome.sentAt), config, now, chance, outcome.sentAt);
    case 'accepted':
      return afterAccepted(afterAnswer(told, config, now, outcome.sentAt), config, now, outcome, inFlight);
  }
}

function afterAccepted(
  flow: Flow,
  config: FlowConfig,
  now: number,
  outcome: Outcome,
  inFlight: number,
): Flow {
  const { rttMs } = outcome;
  const grown = growRate(flow, config, now, outcome);
  const after = copyOf(grown);
  after.latency = latencyAfter(grown.latency, config, { now, rttMs, inFlight });
  after.budget = budgetAfter(grown, now, { succeeded: 1 });
  return after;
}

/** The flow after a retry whose job has ended with it. */
export function afterRetry(flow: Flow, now: number): Flow {
  return { ...flow, budget: budgetAfter(flow, now, { ended: 1 }) };
}

/** A hint is a lower bound, never the schedule: jitter on top keeps a fleet from coming back as one. */
function afterHint(
  flow: Flow,
  now: number,
  { kind, hint }: Outcome & { hint: Hint },
  chance: () => number,
): Flow {
  const { notBeforeMs = 0, remaining, resetMs } = hint;
  const isSpent = remaining === 0 && resetMs !== undefined;
  // Of what was taken it says when to ask what became of it (RFC 9110, 10.2.3), not when to send the next.
  const isAskedToWait = kind !== 'accepted' && kind !== 'final';
  const waitMs = Math.max(isAskedToWait ? notBeforeMs : 0, isSpent ? resetMs : 0);
  if (waitMs > 0) {
    const gateMs = Math.min(waitMs + (chance() / 2) * Math.max(1000, waitMs), MAX_GATE_MS);
    return { ...flow, gateUntil: Math.max(flow.gateUntil, Math.round(now + gateMs)) };
  }
  const perSecond = toldRate(hint);
  const until = now + Math.min(resetMs ?? hint.windowMs ?? 0, MAX_GATE_MS);
  return perSecond === undefined ? flow : { ...flow, told: { perSecond, until } };
}

/** What is left, spread over the time until there is more; a quota is a ceiling, never a target. */
function toldRate({ remaining, resetMs, quota, windowMs }: Hint): number | undefined {
  const left = remaining !== undefined && resetMs ? (1000 * remaining) / resetMs : Number.POSITIVE_INFINITY;
  const whole = quota !== undefined && windowMs ? (2000 * quota) / windowMs : Number.POSITIVE_INFINITY;
  const perSecond = Math.min(left, whole);
  return perSecond === Number.POSITIVE_INFINITY ? undefined : perSecond;
}
