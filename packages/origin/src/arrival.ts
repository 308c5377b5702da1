import type { IncomingMessage } from 'node:http';

/**
 * What became of a request.
 * - `waiting`: for the rest of its body, for capacity, or for its answer
 * - `accepted`: the work is done and answered
 * - `duplicate`: its Idempotency-Key was known, so no work was done again
 * - `rejected`: answered without doing the work
 * - `dropped`: the work is done, but no answer left: a `drop` fault, a client that went away, or a port that closed
 * - `reset`: the connection broke before the work
 *
 * So the work behind a key was done as often as `accepted` and `dropped` name it.
 */
export type Outcome = 'accepted' | 'duplicate' | 'rejected' | 'dropped' | 'reset' | 'waiting';

/** One request that reached the service. Preflights are not arrivals. */
export interface Arrival {
  /** From 1, never used twice, not even after `clear()`. */
  n: number;
  /** When its headers were received, in epoch ms. */
  at: number;
  method: string;
  /** Path and query. */
  url: string;
  headers: Record<string, string>;
  /** Without the quotes of a structured field. */
  idempotencyKey: string | undefined;
  bodyBytes: number;
  /** The first 64 KiB, a character per byte (latin1). */
  body: string;
  /** Over the whole body, in hex. */
  bodySha256: string;
  outcome: Outcome;
  /** Undefined while there is no answer. */
  status: number | undefined;
  answeredAt: number | undefined;
}

/** The arrival as far as its headers tell it. */
export function arrivalOf(request: IncomingMessage, { n, at }: { n: number; at: number }): Arrival {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = [value].flat().join(', ');
  return {
    n,
    at,
    method: request.method ?? '',
    url: request.url ?? '',
    headers,
    idempotencyKey: unquoted(headers['idempotency-key']),
    bodyBytes: 0,
    body: '',
    bodySha256: '',
    outcome: 'waiting',
    status: undefined,
    answeredAt: undefined,
  };
}

// A structured field string (RFC 9651, 3.3.3) escapes quotes and backslashes alone.
function unquoted(value: string | undefined): string | undefined {
  const quoted = value && /^"(.*)"$/.exec(value)?.[1];
  return quoted === undefined ? value : quoted.replace(/\\(["\\])/g, '$1');
}
