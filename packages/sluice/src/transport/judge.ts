import type { AttemptEnd } from '../core/attempt.js';
import type { Expect } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import { VERDICT_WORDS, type VerdictWord } from '../core/verdict-table.js';

export type Judged = NonNullable<Extract<AttemptEnd, { kind: 'answer' }>['judged']>;

export interface JudgeContext {
  expect: Expect | undefined;
  request: Request;
  /** Users' code may never answer. */
  signal: AbortSignal;
}

/**
 * What an answer is besides its status: a captive portal and a login page answer 200 as well. Undefined: what its status
 * says. Never rejects, but for an abort.
 */
export async function judge(
  response: Response,
  { expect, request, signal }: JudgeContext,
): Promise<Judged | undefined> {
  const word = expect ? await ask(expect, response, signal) : undefined;
  if (typeof word === 'object') return word;
  if (typeof word === 'string')
    return { word, detail: `answered ${response.status}, which \`expect\` took for ${word}` };
  if (word === false && response.ok)
    return { word: 'outage', detail: `answered ${response.status}, not as expected` };
  if (word === undefined && isLedAway(response, request)) {
    return { word: 'outage', detail: `redirected to ${new URL(response.url).origin}, away from the service` };
  }
  return undefined;
}

async function ask(
  expect: Expect,
  response: Response,
  signal: AbortSignal,
): Promise<boolean | VerdictWord | Judged> {
  // What the function reads of the body is kept as well.
  const copy = response.clone();
  try {
    const word = await Promise.race([expect(copy), aborted(signal)]);
    if (typeof word === 'boolean' || VERDICT_WORDS.includes(word)) return word;
    return { word: 'nack', detail: `expect answered ${JSON.stringify(word)}, which is no verdict` };
  } catch (error) {
    signal.throwIfAborted();
    return { word: 'nack', detail: `expect threw ${sentenceOf(error)}` };
  } finally {
    // Neither of two copies is let go of before both are (Streams, ReadableStreamTee).
    if (!copy.bodyUsed) copy.body?.cancel().catch(() => undefined);
  }
}

/** A write that was led to another origin has found a portal, not its service. */
function isLedAway({ redirected, url, ok }: Response, request: Request): boolean {
  const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
  return ok && redirected && isWrite && new URL(url).origin !== new URL(request.url).origin;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
