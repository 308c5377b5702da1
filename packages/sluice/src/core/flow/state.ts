/** What the controller of a queue is told once. */
export interface FlowConfig {
  /** Sends a second that adaptation never passes: those of the configured rate, or 20 without one. */
  ceilingPerSecond: number;
  /** A rate was configured: start at it. Else start at half the ceiling. */
  isConfigured: boolean;
  /** Sends that may leave back to back, never more than a second's worth. */
  burst: number;
  /** Sends in flight at most; what latency allows lies below. */
  concurrency: number;
  /** False: the rate and the sends in flight stay as configured. Probes, gates and the retry budget hold all the same. */
  adaptive: boolean;
}

/**
 * What a queue has learnt of its service, as plain data that is stored with the queue. Instants in epoch ms, rates per
 * second.
 *
 *   steady --five outages in a row--> probe --first answer--> slow-start --old rate reached--> steady
 *                                       ^------------five in a row------------'
 */
export interface Flow {
  phase: Phase;
  /** Undefined until something was learnt: then the start rate holds. */
  rate: number | undefined;
  cut: Cut;
  growth: Growth;
  /** Where an evenly spaced sender would stand (GCRA's theoretical arrival time). */
  nextAt: number;
  /** No send before this: the service asked for quiet, or a crowd spreads out. */
  gateUntil: number;
  /** The pace held the last send back: only then does growing mean anything. */
  isLimited: boolean;
  latency: Latency;
  /** Retries that may still be sent, and since when. */
  budget: { left: number; at: number };
  /** Answers and outages of the last seconds, as the breaker sees them. */
  recent: { since: number; answers: number; outages: number };
  /** A rate that the service itself told, until it no longer holds. */
  told: { perSecond: number; until: number } | undefined;
  /** Since when the browser has been offline, if it is. */
  offlineAt: number | undefined;
  /** When the last send left that the service has answered, and not as one that is gone. */
  aliveAt: number | undefined;
}

export type Phase =
  | { kind: 'steady'; outages: number }
  /** Doubling towards the rate before the outage. */
  | { kind: 'slow-start'; outages: number; target: number }
  /** One send at a time, the next one at `until`. */
  | { kind: 'probe'; since: number; tries: number; until: number };

/** The last cut of the rate, and the way back. */
export interface Cut {
  at: number;
  /** The rate right after it, and the one that the way back leads to. */
  from: number;
  target: number;
  /** How long the way back takes. */
  recoveryMs: number;
  /** The rate before a run of rejections, and how many of them there were. */
  before: number;
  streak: number;
}

export interface Growth {
  /** When the rate last doubled, and the answers since. */
  at: number;
  accepted: number;
  /** Accepted answers, decaying over some seconds, as of `countedAt`. */
  count: number;
  countedAt: number;
}

export interface Latency {
  /** Sends in flight that latency allows. */
  cap: number;
  longMs: number;
  /** The window under way: samples, their sum, and the most in flight. */
  samples: number;
  sumMs: number;
  mostInFlight: number;
  since: number;
}

/** The most that any gate may hold from now on, whatever clock or service says. */
export const MAX_GATE_MS = 600_000;

/** A copy to write on. Field by field, since V8 takes half a microsecond for `{ ...flow, rate }` (Node 20). */
export function copyOf(flow: Flow): Flow {
  return {
    phase: flow.phase,
    rate: flow.rate,
    cut: flow.cut,
    growth: flow.growth,
    nextAt: flow.nextAt,
    gateUntil: flow.gateUntil,
    isLimited: flow.isLimited,
    latency: flow.latency,
    budget: flow.budget,
    recent: flow.recent,
    told: flow.told,
    offlineAt: flow.offlineAt,
    aliveAt: flow.aliveAt,
  };
}

const START_SHARE = 0.5;

export function newFlow(): Flow {
  return {
    phase: { kind: 'steady', outages: 0 },
    rate: undefined,
    cut: { at: 0, from: 0, target: 0, recoveryMs: 0, before: 0, streak: 0 },
    growth: { at: 0, accepted: 0, count: 0, countedAt: 0 },
    nextAt: 0,
    gateUntil: 0,
    isLimited: false,
    latency: { cap: 1000, longMs: 0, samples: 0, sumMs: 0, mostInFlight: 0, since: 0 },
    budget: { left: 10, at: 0 },
    recent: { since: 0, answers: 0, outages: 0 },
    told: undefined,
    offlineAt: undefined,
    aliveAt: undefined,
  };
}

/** The rate that holds now, per second. */
export function rateOf({ rate, told }: Flow, config: FlowConfig, now: number): number {
  const ceiling = config.ceilingPerSecond;
  if (!config.adaptive) return ceiling;
  const own = rate ?? (config.isConfigured ? ceiling : ceiling * START_SHARE);
  return Math.min(own, ceiling, told && told.until > now ? told.perSecond : ceiling);
}

/** True while a configured rate holds unchanged: its own pace spaces the sends, and the flow adds nothing. */
export function isAtConfigured(flow: Flow, config: FlowConfig, now: number): boolean {
  return config.isConfigured && rateOf(flow, config, now) >= config.ceilingPerSecond;
}

/** How far before its turn a send may leave, in ms: what the burst allows, and no more than a second's worth. */
export function toleranceMs(rate: number, { burst }: FlowConfig): number {
  return ((Math.max(1, Math.min(burst, rate)) - 1) * 1000) / rate;
}

/** Sends that were charged for an instant to come: they are leased, and have not left. Rather too few than too many. */
export function aheadOf(flow: Flow, config: FlowConfig, now: number): number {
  const rate = rateOf(flow, config, now);
  const spacingMs = isAtConfigured(flow, config, now) ? 0 : toleranceMs(rate, config) + 1000 / rate;
  const aheadMs = flow.nextAt - spacingMs - now;
  return aheadMs > 0 ? Math.floor((aheadMs * rate) / 1000) : 0;
}

/** Sends in flight at most. */
export function capOf({ phase, latency }: Flow, { concurrency, adaptive }: FlowConfig): number {
  if (phase.kind === 'probe') return 1;
  return adaptive ? Math.max(1, Math.min(concurrency, Math.floor(latency.cap))) : concurrency;
}
