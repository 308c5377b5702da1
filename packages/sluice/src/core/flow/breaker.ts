import { copyOf, type Flow, type FlowConfig, rateOf } from './state.js';

const OUTAGES_TO_PROBE = 5;
const RECENT_MS = 10_000;
const LEAST_RECENT = 10;

/** Where a client starts after an outage: one of thousands may ask so often, and at a share of a rate that is configured. */
const AFTER_OUTAGE_PER_SECOND = 0.5;
const AFTER_OUTAGE_SHARE = 1 / 8;
const AFTER_OUTAGE_IN_FLIGHT = 2;

/** The flow after an end that tells of an outage: a network error, a timeout, 502, 503, 504. */
export function afterOutage(flow: Flow, now: number, sentAt: number, chance: () => number): Flow {
  const { phase } = flow;
  if (phase.kind === 'probe') return afterProbe(flow, now, sentAt, chance);
  const recent = counted(flow, now, { outages: 1 });
  const outages = phase.outages + 1;
  const isBroken = recent.answers >= LEAST_RECENT && recent.outages >= recent.answers / 2;
  return outages >= OUTAGES_TO_PROBE || isBroken
    ? { ...flow, recent: NONE_RECENT, phase: probe(now, 0, now, chance) }
    : { ...flow, recent, phase: { ...phase, outages } };
}

/** The flow after a probe that failed, or that a service asked back for later: both have to wait longer. */
export function afterProbe(flow: Flow, now: number, sentAt: number, chance: () => number): Flow {
  const { phase } = flow;
  if (phase.kind !== 'probe' || sentAt < phase.until) return flow;
  return { ...flow, phase: probe(phase.since, phase.tries + 1, now, chance) };
}

/** The flow after an answer that only a service that lives can give: a probe has ended the outage. */
export function afterAnswer(flow: Flow, config: FlowConfig, now: number, sentAt: number): Flow {
  const { phase } = flow;
  const recent = counted(flow, now, { outages: 0 });
  const aliveAt = Math.max(flow.aliveAt ?? 0, sentAt);
  if (phase.kind !== 'probe') {
    const after = copyOf(flow);
    after.recent = recent;
    after.aliveAt = aliveAt;
    if (phase.outages > 0) after.phase = { ...phase, outages: 0 };
    return after;
  }
  const target = rateOf(flow, config, now);
  const share = config.isConfigured ? config.ceilingPerSecond * AFTER_OUTAGE_SHARE : 0;
  const rate = Math.min(target, Math.max(share, AFTER_OUTAGE_PER_SECOND));
  return {
    ...flow,
    recent,
    aliveAt,
    phase: config.adaptive ? { kind: 'slow-start', outages: 0, target } : { kind: 'steady', outages: 0 },
    rate: config.adaptive ? rate : flow.rate,
    growth: { ...flow.growth, at: now, accepted: 0 },
    latency: { ...flow.latency, cap: AFTER_OUTAGE_IN_FLIGHT, samples: 0, sumMs: 0, mostInFlight: 0 },
  };
}

/** The pause grows with each try, and its cap with the age of the outage: long outages end with large, wide crowds. */
export function probe(
  since: number,
  tries: number,
  now: number,
  chance: () => number,
): Extract<Flow['phase'], { kind: 'probe' }> {
  const ageMs = Math.max(0, now - since);
  const firstMs = Math.min(2 * spreadMs(ageMs), 20_000);
  const capMs = Math.min(Math.max(30_000, ageMs / 10), 300_000);
  const pauseMs = Math.min(firstMs * 2 ** Math.min(tries, 20), capMs) * (0.5 + chance());
  return { kind: 'probe', since, tries, until: Math.round(now + pauseMs) };
}

/** How wide a crowd spreads that was away for so long. */
export function spreadMs(ageMs: number): number {
  return Math.min(Math.max(ageMs / 10, 2000), 30_000);
}

const NONE_RECENT: Flow['recent'] = { since: 0, answers: 0, outages: 0 };

/** Counted in windows: the breaker needs no better memory. */
function counted({ recent }: Flow, now: number, { outages }: { outages: number }): Flow['recent'] {
  if (now - recent.since > RECENT_MS) return { since: now, answers: 1, outages };
  return { since: recent.since, answers: recent.answers + 1, outages: recent.outages + outages };
}
