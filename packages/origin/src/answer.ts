import type { Arrival } from './arrival.js';
import type { FixedAnswer } from './behaviour.js';

/** A piece of work done: the request that asked for it, and the answer that was fixed at that time, if any. */
export interface Work {
  arrival: Arrival;
  fixed: FixedAnswer | undefined;
}

/** True if the fixed answer says that nothing was done: such an answer is not kept for the next request of its key. */
export function isRefusal({ fixed }: Work): boolean {
  return fixed !== undefined && fixed.status >= 400;
}

/** An answer before it is written. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The same work gives the same answer, however often it is asked for. */
export function answerTo({ arrival, fixed }: Work): Answer {
  if (fixed) return { status: fixed.status, headers: { ...fixed.headers }, body: fixed.body ?? '' };
  const { n, method, url, headers, body, bodySha256 } = arrival;
  return jsonAnswer(200, { ok: true, n, method, url, headers, body, bodySha256 });
}

/** A refusal, with Retry-After where there is one. */
export function refusal(status: number, retryAfter: string | undefined): Answer {
  const answer = jsonAnswer(status, { ok: false, status });
  if (retryAfter !== undefined) answer.headers['retry-after'] = retryAfter;
  return answer;
}

function jsonAnswer(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
