/** What a client knows of itself when it asks what to do. */
export interface View {
  /** Jobs that could be sent now, retries among them. */
  queued: number;
  /** Those of them that have failed before; a rejection is no failure. */
  retriesDue: number;
  inFlight: number;
}

export type Decision =
  | { kind: 'send'; n: number; maxRetries: number }
  | { kind: 'wait'; until: number }
  | { kind: 'hold' };

export type Headers = readonly (readonly [string, string])[];

export interface Outcome {
  kind: 'accepted' | 'rejected' | 'failed' | 'outage';
  /** 0 if there was no answer. */
  status: number;
  headers: Headers;
  sentAt: number;
  rttMs: number;
  isFirstTry: boolean;
}

export function kindOf(status: number): Outcome['kind'] {
  if (status === 200) return 'accepted';
  if (status === 429) return 'rejected';
  return status === 0 ? 'outage' : 'failed';
}

/** What decides for one client when to send. Sluice and its rivals implement it; a fleet has one each. Time is in ms. */
export interface Controller {
  decide(now: number, view: View): Decision;
  sent(now: number, sends: { n: number; retries: number }): void;
  observe(now: number, outcome: Outcome, inFlight: number): void;
  /** How long the job of an attempt that was not accepted waits, or that its end is taken for a delivery. */
  requeue(outcome: Outcome, tries: number): number | 'lost';
  connectivity?(now: number, event: 'online' | 'offline'): void;
}

export type ControllerMaker = (random: () => number) => Controller;

/** Everything at once: within what the browser lets through. */
export const SEND_ALL: Decision = { kind: 'send', n: Infinity, maxRetries: Infinity };
export const HOLD: Decision = { kind: 'hold' };

/** As many as fit under a cap of requests in flight. */
export function within(cap: number, inFlight: number): Decision {
  const n = Math.floor(cap) - inFlight;
  return n > 0 ? { kind: 'send', n, maxRetries: n } : HOLD;
}
