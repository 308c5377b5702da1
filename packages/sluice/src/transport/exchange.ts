import type { AttemptEnd } from '../core/attempt.js';
import { sentenceOf } from '../core/errors.js';
import { isOpaque } from './answer.js';
import { type JudgeContext, type Judged, judge, type Led, ledBy } from './judge.js';

export interface ExchangeOptions extends JudgeContext {
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
}

export interface Exchanged {
  response: Response;
  judged: Judged | undefined;
  led: Led | undefined;
}

/** Sends, and has the answer judged before its body is read. Rejects as `fetch` does. */
export async function exchange(
  request: Request,
  { fetch, expect, signal }: ExchangeOptions,
): Promise<Exchanged> {
  // Any init resets the referrer of a request (Fetch, "new Request", step 12): it has to be said again.
  const { referrer, referrerPolicy } = request;
  const response = await fetch(request, { signal, referrer, referrerPolicy });
  if (isOpaque(response)) return { response, judged: undefined, led: undefined };
  return { response, judged: await judge(response, { expect, signal }), led: ledBy(response, request) };
}

export function failureOf(error: unknown, timeout: AbortSignal): AttemptEnd {
  return timeout.aborted ? { kind: 'timeout' } : { kind: 'network-error', detail: sentenceOf(error) };
}
