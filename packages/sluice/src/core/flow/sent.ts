import {
  copyOf,
  type Flow,
  type FlowConfig,
  isAtConfigured,
  MAX_GATE_MS,
  rateOf,
  toleranceMs,
} from './state.js';

/** Spacing is even but for this much, so that clients which began together do not stay together. */
const SPREAD = 0.5;

/** The flow after a send that counts for `n` left at `now`. */
export function sent(flow: Flow, config: FlowConfig, now: number, n: number, chance: () => number): Flow {
  const rate = rateOf(flow, config, now);
  const spacingMs = n * (1000 / rate) * (1 + SPREAD * (2 * chance() - 1));
  // A late timer gives nothing back: the next turn counts from now.
  const nextAt = Math.min(Math.max(flow.nextAt, now) + spacingMs, latestAt(flow, config, now));
  const isLimited = nextAt - toleranceMs(rate, config) > now;
  const isPaced = !isAtConfigured(flow, config, now);
  const after = copyOf(flow);
  after.nextAt = isPaced ? nextAt : now;
  after.isLimited = isLimited;
  return after;
}

/** What the service told holds until then: it has more from then on. No send is put off for longer than any gate holds. */
function latestAt({ told, ...flow }: Flow, config: FlowConfig, now: number): number {
  if (!told || told.until <= now) return Number.POSITIVE_INFINITY;
  const rate = rateOf({ ...flow, told: undefined }, config, now);
  return Math.min(told.until + 1000 / rate, now + MAX_GATE_MS) + toleranceMs(rate, config);
}
