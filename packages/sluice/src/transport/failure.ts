import type { AttemptEnd } from '../core/attempt.js';
import { sentenceOf } from '../core/errors.js';
import type { Clock } from '../core/ports.js';
import { markReplay } from './replay.js';

export interface FailureContext {
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
  clock: Clock;
  /** A URL of our own origin. */
  base: string;
}

type Failed = Extract<AttemptEnd, { kind: 'network-error' | 'blocked' }>;

/**
 * The reason why `fetch` has rejected, as far as a browser tells: it has one word for a network that is down and for an answer that it
 * keeps back. Where the origin answers, the reason lies with the request.
 */
export async function failureOf(
  error: unknown,
  request: Request,
  { fetch, clock, base }: FailureContext,
): Promise<Failed> {
  const failed: Failed = { kind: 'network-error', detail: sentenceOf(error) };
  if (request.cache === 'only-if-cached')
    return { kind: 'blocked', by: 'cache', detail: 'only-if-cached, and nothing was' };
  const { origin } = new URL(request.url);
  const own = new URL(base).origin;
  const isForeign = request.mode === 'cors' && origin !== own;
  if ((!isForeign && !request.integrity) || !(await isThere(origin, { fetch, clock }))) return failed;
  return isForeign
    ? { kind: 'blocked', by: 'cors', detail: corsDetail(request, origin, own) }
    : { kind: 'blocked', by: 'integrity', detail: 'the body is not what its integrity says' };
}

const PROBE_MS = 5000;

/** Asks for nothing that a page could read, so that no CORS header is needed. The mark keeps it out of the queue. */
async function isThere(
  origin: string,
  { fetch, clock }: Pick<FailureContext, 'fetch' | 'clock'>,
): Promise<boolean> {
  const tooLong = new AbortController();
  const callOff = clock.at(clock.now() + PROBE_MS, () => tooLong.abort());
  const init = { method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit' } as const;
  try {
    await fetch(new Request(markReplay(`${origin}/`), init), { signal: tooLong.signal });
    return true;
  } catch {
    return false;
  } finally {
    callOff();
  }
}

/** The header lines without which the browser keeps the answer back. */
function corsDetail({ method, headers, credentials }: Request, origin: string, own: string): string {
  const names = [...headers].filter(needsLeave).map(([name]) => name);
  const lines = [
    `Access-Control-Allow-Origin: ${own}`,
    ...(credentials === 'include' ? ['Access-Control-Allow-Credentials: true'] : []),
    ...(['GET', 'HEAD', 'POST'].includes(method) ? [] : [`Access-Control-Allow-Methods: ${method}`]),
    ...(names.length > 0 ? [`Access-Control-Allow-Headers: ${names.join(', ')}`] : []),
  ];
  return `${origin} is there, and the browser keeps its answer back. It has to send ${lines.join(' and ')}`;
}

/** Not CORS-safelisted (Fetch, 2.2.2), as far as names tell. */
function needsLeave([name, value]: [string, string]): boolean {
  if (/^(accept|accept-language|content-language)$/i.test(name)) return false;
  const isForm = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)/i.test(value);
  return !(/^content-type$/i.test(name) && isForm);
}
