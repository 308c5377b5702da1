import type { Outcome } from './observe.js';
import { copyOf, type Flow, type FlowConfig, rateOf } from './state.js';

/** One send in half a minute: far below the fair share of any client in a large fleet. */
const FLOOR = 1 / 30;

/** What one rejection leaves: on the way up after an outage, by itself, on top of another, and where it is a stray. */
const CUT = { slowStart: 0.2, alone: 0.6, again: 0.65, stray: 0.95 };

/**
 * A stray: a configured rate of which nearly all is accepted. The network moved two sends closer than they left, and a
 * service that counts exactly took one for too many; its rate is no less for that.
 */
const STRAY_SHARE = 0.8;

/** Where the way back leads, as a share of the rate before: the old one was just found to be too much. */
const TARGET = 0.8;

const COUNT_DECAY_MS = 8000;

/** The flow at another rate: what is owed is counted in sends, so that the time which that takes changes with the rate. */
function atRate(flow: Flow, config: FlowConfig, now: number, wanted: number): Flow {
  const rate = Math.min(wanted, config.ceilingPerSecond);
  if (rate === flow.rate) return flow;
  const owedMs = (Math.max(0, flow.nextAt - now) * rateOf(flow, config, now)) / rate;
  const after = copyOf(flow);
  after.rate = rate;
  if (owedMs > 0) after.nextAt = now + owedMs;
  return after;
}

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
  const seen = growth.count >= 4 ? decayed(growth, now) / (COUNT_DECAY_MS / 1000) : 0;
  const isStray = config.isConfigured && cut.streak === 0 && seen >= STRAY_SHARE * rate;
  const isSlowStart = phase.kind === 'slow-start';
  const share = isSlowStart ? CUT.slowStart : cut.streak > 0 ? CUT.again : isStray ? CUT.stray : CUT.alone;
  const from = Math.max(rate * share, isSlowStart ? 0 : Math.min(rate, seen / 2), FLOOR);
  const target = cut.streak > 0 ? cut.target : isStray ? rate : TARGET * rate;
  const recoveryMs = (0.5 + 1.5 * chance()) * leastRecoveryMs(from);
  const before = cut.streak > 0 ? cut.before : rate;
  return {
    ...atRate(flow, config, now, from),
    phase: { kind: 'steady', outages: 0 },
    cut: { at: now, from, target, recoveryMs, before, streak: cut.streak + 1 },
    growth: { ...growth, at: now, accepted: 0 },
  };
}

/** The rate after an accepted answer. */
export function growRate(flow: Flow, config: FlowConfig, now: number, { sentAt }: Outcome): Flow {
  const counted = counting(flow, now);
  if (!config.adaptive) return { ...counted, cut: { ...counted.cut, streak: 0 } };
  const back = flow.cut.streak > 0 && sentAt >= flow.cut.at ? endStreak(counted, config, now) : counted;
  if (!back.isLimited) return back;
  if (back.phase.kind === 'slow-start') return slowStart(back, config, now);
  return back.cut.at === 0 ? warmUp(back, config, now) : recover(back, config, now);
}

/** On from the start rate, until the first cut. */
function warmUp(flow: Flow, config: FlowConfig, now: number): Flow {
  if (rateOf(flow, config, now) >= config.ceilingPerSecond) return flow;
  const { growth } = flow;
  return growth.at === 0 ? { ...flow, growth: { ...growth, at: now } } : double(flow, config, now, 1000);
}

/**
 * Half way back, in relative steps, to where it was before the run of rejections. The rest of the way takes as long as the
 * rate regained asks for: that of the lowest rate would leave capacity unused for minutes.
 */
function endStreak(flow: Flow, config: FlowConfig, now: number): Flow {
  const { cut, rate = cut.from } = flow;
  if (cut.streak <= 1) return { ...flow, cut: { ...cut, streak: 0 } };
  const from = Math.sqrt(rate * cut.before);
  const recoveryMs = (cut.recoveryMs / leastRecoveryMs(cut.from)) * leastRecoveryMs(from);
  const target = TARGET * cut.before;
  const cutAfter = { ...cut, at: now, from, target, recoveryMs, streak: 0 };
  return { ...atRate(flow, config, now, from), cut: cutAfter };
}

/** Several seconds, or two sends. */
function leastRecoveryMs(rate: number): number {
  return Math.max(8000, 2000 / rate);
}

/** Cubic to the old rate, then on by doubling: relative steps, so that they fit a share of any size. */
function recover(flow: Flow, config: FlowConfig, now: number): Flow {
  const { cut } = flow;
  const passed = (now - cut.at) / cut.recoveryMs;
  if (passed >= 1.5) return double(flow, config, now, 2000);
  const rest = Math.max(0, 1 - passed);
  const rate = cut.target - (cut.target - cut.from) * rest ** 3;
  return atRate(flow, config, now, Math.max(flow.rate ?? 0, rate));
}

function slowStart(flow: Flow, config: FlowConfig, now: number): Flow {
  const { phase } = flow;
  const grown = double(flow, config, now, 1000);
  if (phase.kind !== 'slow-start' || (grown.rate ?? 0) < phase.target) return grown;
  return { ...atRate(grown, config, now, phase.target), phase: { kind: 'steady', outages: 0 } };
}

/** Twice the rate after so long and two answers, whichever comes later. */
function double(flow: Flow, config: FlowConfig, now: number, everyMs: number): Flow {
  const { growth } = flow;
  if (growth.accepted < 2 || now - growth.at < everyMs) return flow;
  const doubled = atRate(flow, config, now, 2 * rateOf(flow, config, now));
  return { ...doubled, growth: { ...growth, at: now, accepted: 0 } };
}

function counting(flow: Flow, now: number): Flow {
  const { at, accepted } = flow.growth;
  const count = decayed(flow.growth, now) + 1;
  const after = copyOf(flow);
  after.growth = { at, accepted: accepted + 1, count, countedAt: now };
  return after;
}

function decayed({ count, countedAt }: Flow['growth'], now: number): number {
  return count * Math.exp(-Math.max(0, now - countedAt) / COUNT_DECAY_MS);
}
