import { spreadMs } from './breaker.js';
import { type Flow, MAX_GATE_MS } from './state.js';

/** What befalls a client from outside. */
export type FlowEvent = 'online' | 'offline' | 'resume' | 'boot' | 'nudge';

/** A page that slept and wakes is seldom alone in it. */
const RESUME_SPREAD_MS = 250;

/** The flow after something happened to the client. */
export function event(flow: Flow, now: number, kind: FlowEvent, chance: () => number): Flow {
  switch (kind) {
    case 'offline':
      return { ...flow, offlineAt: flow.offlineAt ?? now };
    case 'online':
      return online(flow, now, chance);
    case 'nudge':
      return probeBy(flow, now, now);
    case 'resume':
      return gatedBy(
        settled({ ...flow, nextAt: Math.min(flow.nextAt, now), told: undefined }, now),
        now + chance() * RESUME_SPREAD_MS,
      );
    case 'boot':
      return settled(flow, now);
  }
}

/** A network that blinks leaves no crowd behind: whoever was away for less goes on as before, spread a little. */
const SHORT_ABSENCE_MS = 15_000;

/**
 * Whoever lost the network has company: all come back at once, so each begins with a probe, the wider apart the longer
 * they were away.
 */
function online(flow: Flow, now: number, chance: () => number): Flow {
  const { offlineAt, phase } = flow;
  const since = phase.kind === 'probe' ? phase.since : offlineAt;
  if (since === undefined) return flow;
  const until = Math.round(now + chance() * spreadMs(now - since));
  // Every tab hears of it: the first one has begun the probe.
  if (offlineAt === undefined) return probeBy(flow, until, now);
  const back = { ...flow, offlineAt: undefined };
  if (phase.kind !== 'probe' && now - offlineAt < SHORT_ABSENCE_MS) return gatedBy(back, until);
  return { ...back, phase: { kind: 'probe', since, tries: 0, until } };
}

/** One that was due may be under way, and was sent before the word: should it fail, another is asked for. */
function probeBy(flow: Flow, at: number, now: number): Flow {
  const { phase } = flow;
  if (phase.kind !== 'probe') return flow;
  return { ...flow, phase: { ...phase, until: phase.until < now ? at : Math.min(phase.until, at) } };
}

function gatedBy(flow: Flow, at: number): Flow {
  return { ...flow, gateUntil: Math.max(flow.gateUntil, Math.round(at)) };
}

/** No stored gate holds longer than any that is ever set, and nothing that was stored has happened after now. */
function settled(flow: Flow, now: number): Flow {
  const { phase, cut, growth, latency, budget, recent, offlineAt, aliveAt } = flow;
  const gate = (at: number): number => Math.min(at, now + MAX_GATE_MS);
  const past = (at: number): number => Math.min(at, now);
  return {
    ...flow,
    gateUntil: gate(flow.gateUntil),
    nextAt: gate(flow.nextAt),
    phase: phase.kind === 'probe' ? { ...phase, since: past(phase.since), until: gate(phase.until) } : phase,
    cut: { ...cut, at: past(cut.at) },
    growth: { ...growth, at: past(growth.at), countedAt: past(growth.countedAt) },
    latency: { ...latency, since: past(latency.since) },
    budget: { ...budget, at: past(budget.at) },
    recent: { ...recent, since: past(recent.since) },
    offlineAt: offlineAt === undefined ? undefined : past(offlineAt),
    aliveAt: aliveAt === undefined ? undefined : past(aliveAt),
  };
}
