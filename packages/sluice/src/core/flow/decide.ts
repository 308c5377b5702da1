import { retriesLeft } from './budget.js';
import {
  capOf,
  type Flow,
  type FlowConfig,
  isAtConfigured,
  MAX_GATE_MS,
  rateOf,
  toleranceMs,
} from './state.js';

export interface View {
  /** Jobs that could be sent now, retries among them. */
  queued: number;
  retriesDue: number;
  inFlight: number;
}

export type Decision =
  /** Up to `n` now, at most `maxRetries` of them for another time. */
  | { kind: 'send'; n: number; maxRetries: number }
  | { kind: 'wait'; until: number; why: 'rate' | 'gate' | 'probe' }
  /** Nothing until something happens: an outcome, or a job. */
  | { kind: 'hold' };

/** What the flow allows now; the configured window is apart (pace.ts), and the later of the two instants holds. */
export function decide(flow: Flow, config: FlowConfig, now: number, view: View): Decision {
  const { phase } = flow;
  const slots = Math.min(capOf(flow, config) - view.inFlight, view.queued);
  if (slots <= 0) return { kind: 'hold' };
  const gateUntil = clamped(flow.gateUntil, now);
  if (gateUntil > now) return { kind: 'wait', until: gateUntil, why: 'gate' };
  if (phase.kind === 'probe') return probeAt(clamped(phase.until, now), now);
  const maxRetries = Math.floor(retriesLeft(flow, now));
  if (isAtConfigured(flow, config, now)) return { kind: 'send', n: slots, maxRetries };
  const rate = rateOf(flow, config, now);
  const ahead = clamped(flow.nextAt, now) - toleranceMs(rate, config);
  if (ahead > now) return { kind: 'wait', until: ahead, why: 'rate' };
  const burst = Math.floor(((now - ahead) * rate) / 1000) + 1;
  const largest = Math.max(1, Math.floor(Math.min(config.burst, rate)));
  return { kind: 'send', n: Math.min(slots, burst, largest), maxRetries };
}

/** A probe is one send, whatever the budget says: it is what the outage ends with. */
function probeAt(until: number, now: number): Decision {
  return until > now ? { kind: 'wait', until, why: 'probe' } : { kind: 'send', n: 1, maxRetries: 1 };
}

/** An instant further ahead than any that is ever set was written under another clock. */
function clamped(at: number, now: number): number {
  return Math.min(at, now + MAX_GATE_MS);
}
