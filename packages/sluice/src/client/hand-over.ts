import { sentenceOf } from '../core/errors.js';
import type { Captured, Taken, Unreadable } from '../core/messages.js';
import { capture } from '../transport/capture.js';

/** So many of a list are on their way before the others are read: to store takes longest, and begins the sooner. */
const FIRST_PART = 256;

/**
 * Reads a list of requests and hands it over, in order. Answers one for one: what cannot be read goes as that, and the others
 * are stored.
 */
export async function handOver(
  requests: readonly Request[],
  send: (part: (Captured | Unreadable)[]) => Promise<Taken[]>,
): Promise<Taken[]> {
  const answers: Promise<Taken[]>[] = [];
  for (const part of [requests.slice(0, FIRST_PART), requests.slice(FIRST_PART)]) {
    if (part.length === 0) continue;
    const answer = send(await Promise.all(part.map((request) => capture(request).catch(unreadable))));
    // Heard once the other part is read.
    answer.catch(() => undefined);
    answers.push(answer);
  }
  return (await Promise.all(answers)).flat();
}

function unreadable(error: unknown): Unreadable {
  return { unreadable: sentenceOf(error) };
}
