import type { Arrival } from './arrival.js';

/**
 * What goes wrong. Hits every request to the service, or the first `times` of those that `match` picks.
 *
 * Chromium and Firefox send a request again by themselves, once, when the connection that they reused for it is reset:
 * one fetch is then two arrivals, and a `reset` with `times: 1` may stay unseen by the page.
 */
export type Fault = (
  | /** Does the work and never answers. */ { kind: 'drop' }
  | /** Does the work and answers `ms` later. */ { kind: 'delay'; ms: number }
  | /** Does the work and answers once the fault is set anew. */ { kind: 'hold' }
  | /** Breaks the connection before the work. */ { kind: 'reset' }
  | /** Answers `status` instead of doing the work. */ {
      kind: 'status';
      status: number;
      retryAfter?: string | undefined;
    }
) & { times?: number | undefined; match?: ((arrival: Arrival) => boolean) | undefined };

/** The answer to a request above the capacity. No `retryAfter`: no such header. */
export interface Overload {
  status: 429 | 503;
  /** Seconds, decimals, or an HTTP-date; sent as it is. */
  retryAfter?: string | ((now: number) => string) | undefined;
}

/** A strict limit: at most `limit` requests are let in within any `perMs`. */
export interface Window {
  limit: number;
  perMs: number;
}

/** An answer given to every request that is served, instead of the echo of the request. */
export interface FixedAnswer {
  /** Requests to this path alone get it, without their query. Default: all. */
  path?: string | undefined;
  status: number;
  headers?: Record<string, string> | undefined;
  body?: string | undefined;
}

/** How the service behaves. All of it may change at any time. */
export interface Behaviour {
  /** Capacity; Infinity for no limit. */
  ratePerSecond: number;
  /** Requests that may wait for capacity; one more gets the overload answer. Infinity for no limit. */
  queueLimit: number;
  /** From the service slot to the answer. A request that waits for its slot takes that much longer. */
  baseLatencyMs: number;
  overload: Overload;
  /** `draft`: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers). Of `window`, else of the capacity. */
  rateLimitFields: 'none' | 'draft' | 'x-ratelimit';
  /** Above it: 429, with the `retryAfter` of `overload`. */
  window?: Window | undefined;
  fault?: Fault | undefined;
  answer?: FixedAnswer | undefined;
  /** Whether a known Idempotency-Key of the same method and path gets the first answer again. */
  dedupe: boolean;
  /** Whether pages of other origins may read the answers, and preflights are allowed. */
  cors: boolean;
}

/** Healthy and without a limit. */
export const DEFAULT_BEHAVIOUR: Behaviour = {
  ratePerSecond: Number.POSITIVE_INFINITY,
  queueLimit: 100,
  baseLatencyMs: 0,
  overload: { status: 429, retryAfter: '1' },
  rateLimitFields: 'none',
  window: undefined,
  fault: undefined,
  answer: undefined,
  dedupe: true,
  cors: true,
};
