import { afterAnswer, afterOutage } from './breaker.js';
import { budgetAfter } from './budget.js';
import type { Hint } from './hints.js';
import { latencyAfter } from './latency.js';
import { cutRate, growRate } from './rate.js';
import { type Flow, type FlowConfig, MAX_GATE_MS } from './state.js';

/** What came of one send. */
export interface Outcome {
  /**
   * accepted: the service took it. rejected: it asked for less (429, or 503 or 403 with a hint). failed: 408 425 500.
   * outage: a network error, a timeout, 502 503 504. final: any other answer. ignored: stopped, or never sent.
   */
  kind: 'accepted' | 'rejected' | 'failed' | 'outage' | 'final' | 'ignored';
  sentAt: number;
  rttMs: number;
  isFirstTry: boolean;
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
  const told = outcome.hint ? afterHint(flow, now, outcome.hint, chance) : flow;
  switch (outcome.kind) {
    case 'ignored':
      return told;
    case 'outage':
      return afterOutage(told, now, outcome.sentAt, chance);
    case 'failed':
    case 'final':
      return afterAnswer(told, config, now);
    case 'rejected':
      // A probe that is rejected has found a crowd: it goes on probing.
      return told.phase.kind === 'probe'
        ? afterOutage(told, now, outcome.sentAt, chance)
        : cutRate(afterAnswer(told, config, now), config, now, chance, outcome.sentAt);
    case 'accepted':
      return afterAccepted(afterAnswer(told, config, now), config, now, outcome, inFlight);
  }
}

function afterAccepted(
  flow: Flow,
  config: FlowConfig,
  now: number,
  outcome: Outcome,
  inFlight: number,
): Flow {
  const { rttMs, isFirstTry } = outcome;
  const grown = growRate(flow, config, now, outcome);
  return {
    ...grown,
    latency: latencyAfter(grown.latency, config, { now, rttMs, inFlight }),
    budget: isFirstTry ? budgetAfter(grown, now, { succeeded: 1 }) : grown.budget,
  };
}

const RESET_MARGIN_MS = 50;

/** A hint is a lower bound, never the schedule: jitter on top keeps a fleet from coming back as one. */
function afterHint(flow: Flow, now: number, hint: Hint, chance: () => number): Flow {
  const { notBeforeMs, remaining } = hint;
  const told = toldBy(flow, now, hint);
  const retryMs = notBeforeMs === undefined ? 0 : notBeforeMs + (chance() / 2) * Math.max(1000, notBeforeMs);
  // A window that opens anew is this client's own: a margin will do.
  const openMs = remaining === 0 && told ? (told.until - now) * (1 + chance() / 50) + RESET_MARGIN_MS : 0;
  const waitMs = Math.min(Math.max(retryMs, openMs), MAX_GATE_MS);
  if (waitMs > 0) return { ...flow, gateUntil: Math.max(flow.gateUntil, Math.round(now + waitMs)) };
  return told ? { ...flow, told } : flow;
}

/**
 * What is left, spread over the time until there is more; a quota is a ceiling, never a target. Seconds are rounded up, so
 * that the earliest end that any answer of a window has told is the nearest to the truth.
 */
function toldBy({ told }: Flow, now: number, { remaining, resetMs, quota, windowMs }: Hint): Flow['told'] {
  const perSecond = quota !== undefined && windowMs ? (2000 * quota) / windowMs : Number.POSITIVE_INFINITY;
  const endsIn = resetMs ?? windowMs;
  if (endsIn === undefined) return undefined;
  const until = Math.min(now + endsIn, told && told.until > now ? told.until : Number.POSITIVE_INFINITY);
  const left = remaining === undefined ? perSecond : (1000 * remaining) / Math.max(1, until - now);
  const rate = Math.min(left, perSecond);
  return rate === Number.POSITIVE_INFINITY ? undefined : { perSecond: rate, until };
}
