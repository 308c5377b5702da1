import type { AttemptEnd } from '../core/attempt.js';
import { sentenceOf } from '../core/errors.js';
import { isOpaque } from './answer.js';
import { type JudgeContext, type Judged, judge } from './judge.js';

export interface ExchangeOptions extends Omit<JudgeContext, 'request'> {
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
}

/** Sends, and has the answer judged before its body is read. Rejects as `fetch` does. */
export async function exchange(
  request: Request,
  { fetch, expect, signal }: ExchangeOptions,
): Promise<{ response: Response; judged: Judged | undefined }> {
  // Any init resets the referrer of a request (Fetch, "new Request", step 12): it has to be said again.
  const { referrer, referrerPolicy } = request;
  const response = await fetch(request, { signal, referrer, referrerPolicy });
  const judged = isOpaque(response) ? undefined : await judge(response, { expect, request, signal });
  return { response, judged };
}

export function failureOf(error: unknown, timeout: AbortSignal): AttemptEnd {
  return timeout.aborted ? { kind: 'timeout' } : { kind: 'network-error', detail: sentenceOf(error) };
}
