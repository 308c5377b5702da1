import type { Flow } from './flow/state.js';

/** A job that ended last as in an outage: when, and how often it has failed by itself. */
export interface Failing {
  at: number;
  own: number;
}

/** After one more such end. */
export function failingAfter(before: Failing | undefined, flow: Flow, now: number): Failing {
  return { at: now, own: failsByItself(before, flow) ? before.own + 1 : 0 };
}

/** Between two of its failures the service has answered another send: then it is the job that fails, then and later on. */
export function failsByItself(failing: Failing | undefined, flow: Flow): failing is Failing {
  return failing !== undefined && (failing.own > 0 || hasLivedSince(failing, flow));
}

/** The service has answered what was sent after that failure. */
export function hasLivedSince({ at }: Failing, { aliveAt = 0 }: Flow): boolean {
  return aliveAt > at;
}
