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
  /** Jobs that could be sent now. */
  queued: number;
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
  const slots = Math.min(capOf(flow, config) - view.inFlight, view.queued);
  if (slots <= 0) return { kind: 'hold' };
  const quiet = quietUntil(flow, now);
  if (quiet !== undefined)
    return { kind: 'wait', until: quiet, why: flow.phase.kind === 'probe' ? 'probe' : 'gate' };
  // A probe is one send, whatever rate and budget say: it is what the outage ends with.
  if (flow.phase.kind === 'probe') return { kind: 'send', n: 1, maxRetries: 1 };
  const maxRetries = Math.floor(retriesLeft(flow, now));
  if (isAtConfigured(flow, config, now)) return { kind: 'send', n: slots, maxRetries };
  const rate = rateOf(flow, config, now);
  const turnAt = Math.min(flow.nextAt, now + longestAheadMs(rate, config)) - toleranceMs(rate, config);
  if (turnAt > now) return { kind: 'wait', until: turnAt, why: 'rate' };
  const burst = Math.floor(((now - turnAt) * rate) / 1000) + 1;
  const largest = Math.max(1, Math.floor(Math.min(config.burst, rate)));
  return { kind: 'send', n: Math.min(slots, burst, largest), maxRetries };
}

/** Until when no send may begin at all; undefined where one may. */
export function quietUntil({ phase, gateUntil }: Flow, now: number): number | undefined {
  const until = Math.max(gateUntil, phase.kind === 'probe' ? phase.until : 0);
  // An instant further ahead than any that is ever set was written under another clock.
  return until > now ? Math.min(until, now + MAX_GATE_MS) : undefined;
}

/** The furthest that sends ever put the next one off: a whole burst, widely spaced. */
function longestAheadMs(rate: number, config: FlowConfig): number {
  return 2 * toleranceMs(rate, config) + 2000 / rate;
}
