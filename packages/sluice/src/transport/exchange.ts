import { isOpaque } from './answer.js';
import { type JudgeContext, type Judged, judge, type Led, ledBy } from './judge.js';

export interface ExchangeOptions extends JudgeContext {
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
}

export interface Exchanged {
  response: Response;
  judged: Judged | undefined;
  led: Led | undefined;
  /** A redirect that the request forbids. */
  isForbidden?: boolean;
}

/** Sends, and has the answer judged before its body is read. Rejects as `fetch` does. */
export async function exchange(
  request: Request,
  { fetch, expect, signal }: ExchangeOptions,
): Promise<Exchanged> {
  // Any init resets the referrer of a request (Fetch, "new Request", step 12): it has to be said again.
  const { referrer, referrerPolicy } = request;
  const isForbidden = request.redirect === 'error';
  // Not followed either way, and told from a network that is down.
  const redirect = isForbidden ? 'manual' : request.redirect;
  const response = await fetch(request, { signal, referrer, referrerPolicy, redirect });
  if (isOpaque(response)) return { response, judged: undefined, led: undefined, isForbidden };
  return { response, judged: await judge(response, { expect, signal }), led: ledBy(response, request) };
}
