/**
 * What a queue has learnt of the service's health.
 *
 *   steady --5 outage-class ends in a row--> probe --first success--> slow-start --share reaches 1--> steady
 *                                              ^---------5 in a row-------'
 *
 * In probe one job at a time is sent, with a growing, jittered pause of the whole queue between tries.
 */
export type Flow =
  | { phase: 'steady'; outageEnds: number }
  | { phase: 'slow-start'; outageEnds: number; share: number }
  | { phase: 'probe'; since: number; tries: number; until: number };

export const STEADY: Flow = { phase: 'steady', outageEnds: 0 };

const ENDS_TO_PROBE = 5;
const FIRST_SHARE = 1 / 8;
const ONLINE_JITTER_MS = 2000;

/** The flow after an attempt ended in a network error, a timeout, 502, 503 or 504. */
export function afterOutageEnd(flow: Flow, end: { sentAt: number; now: number; chance: number }): Flow {
  if (flow.phase === 'probe') {
    const isTheProbe = end.sentAt >= flow.until;
    return isTheProbe ? probe(flow.since, flow.tries + 1, end) : flow;
  }
  const outageEnds = flow.outageEnds + 1;
  if (outageEnds >= ENDS_TO_PROBE) return probe(end.now, 0, end);
  return flow.phase === 'steady' ? { phase: 'steady', outageEnds } : { ...flow, outageEnds };
}

/** The flow after the service answered like a healthy one. */
export function afterSuccess(flow: Flow): Flow {
  if (flow.phase === 'steady') return STEADY;
  const share = flow.phase === 'probe' ? FIRST_SHARE : flow.share * 2;
  return share >= 1 ? STEADY : { phase: 'slow-start', outageEnds: 0, share };
}

/** The flow after somebody asked to look now: a probe is due at once. */
export function afterNudge(flow: Flow, now: number): Flow {
  return flow.phase === 'probe' ? { ...flow, until: Math.min(flow.until, now) } : flow;
}

/** The flow after the browser came online: a probe is due soon, spread so that a fleet does not return as one. */
export function afterOnline(flow: Flow, now: number, chance: number): Flow {
  if (flow.phase !== 'probe') return flow;
  return { ...flow, until: Math.min(flow.until, now + chance * ONLINE_JITTER_MS) };
}

/** The share of the configured rate in use, in (0, 1]. */
export function shareOf(flow: Flow): number {
  return flow.phase === 'slow-start' ? flow.share : 1;
}

/** How many jobs may be in flight at once. */
export function concurrencyOf(flow: Flow, configured: number): number {
  if (flow.phase === 'probe') return 1;
  return Math.max(1, Math.floor(configured * shareOf(flow)));
}

/** The pause grows with each try, and its cap with the age of the outage: long outages end with large, wide crowds. */
function probe(since: number, tries: number, { now, chance }: { now: number; chance: number }): Flow {
  const ageMs = now - since;
  const firstMs = 2 * Math.min(Math.max(ageMs / 10, 2000), 30_000);
  const capMs = Math.min(Math.max(30_000, ageMs / 10), 300_000);
  const pauseMs = Math.min(Math.min(firstMs, 20_000) * 2 ** tries, capMs) * (0.5 + chance);
  return { phase: 'probe', since, tries, until: Math.round(now + pauseMs) };
}
