import { copyOf, type Flow, type FlowConfig, isAtConfigured, rateOf, toleranceMs } from './state.js';

/** Spacing is even but for this much, so that clients which began together do not stay together. */
const SPREAD = 0.5;

/** The flow after `n` sends left at `now`. */
export function sent(flow: Flow, config: FlowConfig, now: number, n: number, chance: () => number): Flow {
  const rate = rateOf(flow, config, now);
  // A late timer gives nothing back: the next turn counts from now.
  let nextAt = Math.max(flow.nextAt, now);
  for (let i = 0; i < n; i++) nextAt += (1000 / rate) * (1 + SPREAD * (2 * chance() - 1));
  const isLimited = nextAt - toleranceMs(rate, config) > now;
  const isPaced = !isAtConfigured(flow, config, now);
  const after = copyOf(flow);
  after.nextAt = isPaced ? nextAt : now;
  after.isLimited = isLimited;
  return after;
}
