import { spreadMs } from './breaker.js';
import { type Flow, type FlowConfig, MAX_GATE_MS } from './state.js';

/** What befalls a client from outside. */
export type FlowEvent = 'online' | 'offline' | 'resume' | 'boot' | 'nudge';

/** A page that slept and wakes is seldom alone in it. */
const RESUME_SPREAD_MS = 250;

/** Away for so long, a client is taken for one of a crowd with work piled up. */
const LONG_ABSENCE_MS = 20_000;

/** The flow after something happened to the client. */
export function event(
  flow: Flow,
  _config: FlowConfig,
  now: number,
  kind: FlowEvent,
  chance: () => number,
): Flow {
  switch (kind) {
    case 'offline':
      return { ...flow, offlineAt: flow.offlineAt ?? now };
    case 'online':
      return online(flow, now, chance);
    case 'nudge':
      return probeBy(flow, now);
    case 'resume':
      return gatedBy(settled(flow, now), now + chance() * RESUME_SPREAD_MS);
    case 'boot':
      return settled(flow, now);
  }
}

/**
 * Whoever lost the network has company: all come back at once, the wider apart the longer they were away. After a long
 * absence work has piled up everywhere, and the first send finds out what the service can bear, as after an outage.
 */
function online(flow: Flow, now: number, chance: () => number): Flow {
  const { offlineAt = now } = flow;
  const at = Math.round(now + chance() * spreadMs(now - offlineAt));
  const back = { ...flow, offlineAt: undefined };
  if (flow.phase.kind === 'probe' || now - offlineAt < LONG_ABSENCE_MS) return gatedBy(probeBy(back, at), at);
  return { ...back, phase: { kind: 'probe', since: offlineAt, tries: -1, until: at } };
}

function probeBy(flow: Flow, at: number): Flow {
  const { phase } = flow;
  return phase.kind === 'probe' ? { ...flow, phase: { ...phase, until: Math.min(phase.until, at) } } : flow;
}

function gatedBy(flow: Flow, at: number): Flow {
  return { ...flow, gateUntil: Math.max(flow.gateUntil, Math.round(at)) };
}

/** No stored instant holds longer than any that is ever set. */
function settled(flow: Flow, now: number): Flow {
  const latest = now + MAX_GATE_MS;
  return { ...flow, gateUntil: Math.min(flow.gateUntil, latest), nextAt: Math.min(flow.nextAt, latest) };
}
