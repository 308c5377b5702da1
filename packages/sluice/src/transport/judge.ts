import type { AttemptEnd } from '../core/attempt.js';
import type { Expect } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import { VERDICT_WORDS, type VerdictWord } from '../core/verdict-table.js';

type Answered = Extract<AttemptEnd, { kind: 'answer' }>;
export type Judged = NonNullable<Answered['judged']>;
export type Led = NonNullable<Answered['led']>;

export interface JudgeContext {
  expect: Expect | undefined;
  /** Users' code may never answer. */
  signal: AbortSignal;
}

/** The word of `expect` on an answer. Undefined: what the tables say. Never rejects, but for an abort. */
export async function judge(
  response: Response,
  { expect, signal }: JudgeContext,
): Promise<Judged | undefined> {
  const word = expect ? await ask(expect, response, signal) : undefined;
  if (typeof word === 'object') return word;
  if (typeof word === 'string')
    return { word, detail: `answered ${response.status}, which \`expect\` took for ${word}` };
  if (word === false && response.ok)
    return { word: 'outage', detail: `answered ${response.status}, not as expected` };
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
    return { word: 'nack', detail: `expect answered a value of type ${typeof word}, which is no verdict` };
  } catch (error) {
    signal.throwIfAborted();
    return { word: 'nack', detail: `expect threw ${sentenceOf(error)}` };
  } finally {
    // Neither of two copies is let go of before both are (Streams, ReadableStreamTee).
    if (!copy.bodyUsed) copy.body?.cancel().catch(() => undefined);
  }
}

/** Where a redirect has led a write; undefined for a read, and without a redirect. */
export function ledBy({ redirected, url }: Response, request: Request): Led | undefined {
  if (!redirected || request.method === 'GET' || request.method === 'HEAD') return undefined;
  return new URL(url).origin === new URL(request.url).origin ? 'within' : 'away';
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
