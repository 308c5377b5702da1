import type { Outcome } from './observe.js';
import { type Flow, type FlowConfig, rateOf } from './state.js';

/** One send in half a minute: far below the fair share of any client in a large fleet. */
const FLOOR = 1 / 30;

/** What one rejection takes: on the way up after an outage, by itself, and on top of another. */
const CUT = { slowStart: 0.2, alone: 0.6, again: 0.65 };

const COUNT_DECAY_MS = 8000;

/**
 * The rate after a rejection: one cut a round trip, since what was already under way tells nothing new; and not below half
 * of what the service was seen to accept.
 */
export function cutRate(
  flow: Flow,
  config: FlowConfig,
  now: number,
  chance: () => number,
  sentAt: number,
): Flow {
  const { cut, phase, growth } = flow;
  if (sentAt < cut.at) return flow;
  if (!config.adaptive) return { ...flow, cut: { ...cut, at: now, streak: cut.streak + 1 } };
  const rate = rateOf(flow, config, now);
  const isSlowStart = phase.kind === 'slow-start';
  const factor = isSlowStart ? CUT.slowStart : cut.streak > 0 ? CUT.again : CUT.alone;
  const seen = growth.count >= 4 ? decayed(growth, now) / (COUNT_DECAY_MS / 1000) : 0;
  const from = Math.max(rate * factor, isSlowStart ? 0 : Math.min(rate, seen / 2), FLOOR);
  const target = cut.streak > 0 ? cut.target : rate;
  const recoveryMs = (0.5 + 1.5 * chance()) * Math.max(9000, 2000 / from);
  const before = cut.streak > 0 ? cut.before : rate;
  return {
    ...flow,
    phase: { kind: 'steady', outages: 0 },
    rate: from,
    cut: { at: now, from, target, recoveryMs, before, streak: cut.streak + 1 },
    growth: { ...growth, at: now, accepted: 0 },
  };
}

/** The rate after an accepted answer. */
export function growRate(flow: Flow, config: FlowConfig, now: number, { sentAt }: Outcome): Flow {
  const counted = counting(flow, now);
  if (!config.adaptive) return { ...counted, cut: { ...counted.cut, streak: 0 } };
  const back = flow.cut.streak > 0 && sentAt >= flow.cut.at ? endStreak(counted, now) : counted;
  if (!back.isLimited) return back;
  return back.phase.kind === 'slow-start' ? slowStart(back, config, now) : recover(back, config, now);
}

/** Half way back, in relative steps, to where it was before the run of rejections. */
function endStreak(flow: Flow, now: number): Flow {
  const { cut, rate = cut.from } = flow;
  const from = Math.sqrt(rate * cut.before);
  return cut.streak > 0
    ? { ...flow, rate: from, cut: { ...cut, at: now, from, target: 0.8 * cut.before, streak: 0 } }
    : { ...flow, cut: { ...cut, streak: 0 } };
}

/** Cubic to the old rate, then on by doubling: relative steps, so that they fit a share of any size. */
function recover(flow: Flow, config: FlowConfig, now: number): Flow {
  const { cut } = flow;
  // Never cut: the ceiling is near, and nobody has said that it is too high.
  if (cut.at === 0) return double(flow, config, now, 500);
  const passed = (now - cut.at) / cut.recoveryMs;
  if (passed >= 1.5) return double(flow, config, now, 2000);
  const rest = Math.max(0, 1 - passed);
  const rate = cut.target - (cut.target - cut.from) * rest ** 3;
  return { ...flow, rate: Math.min(Math.max(flow.rate ?? 0, rate), config.ceilingPerSecond) };
}

function slowStart(flow: Flow, config: FlowConfig, now: number): Flow {
  const { phase } = flow;
  const grown = double(flow, config, now, 500);
  if (phase.kind !== 'slow-start' || (grown.rate ?? 0) < phase.target) return grown;
  return { ...grown, rate: phase.target, phase: { kind: 'steady', outages: 0 } };
}

/** Twice the rate after so long and two answers, whichever comes later. */
function double(flow: Flow, config: FlowConfig, now: number, everyMs: number): Flow {
  const { growth } = flow;
  const rate = rateOf({ ...flow, told: undefined }, config, now);
  if (growth.accepted < 2 || now - growth.at < everyMs) return flow;
  return {
    ...flow,
    rate: Math.min(2 * rate, config.ceilingPerSecond),
    growth: { ...growth, at: now, accepted: 0 },
  };
}

function counting(flow: Flow, now: number): Flow {
  const { growth } = flow;
  const count = decayed(growth, now) + 1;
  return { ...flow, growth: { ...growth, accepted: growth.accepted + 1, count, countedAt: now } };
}

function decayed({ count, countedAt }: Flow['growth'], now: number): number {
  return count * Math.exp(-Math.max(0, now - countedAt) / COUNT_DECAY_MS);
}
