import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { AnswerFacts, BatchFunctions, BatchPart } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Answer, HeaderPairs } from '../core/job.js';
import { answerFacts, bytesOfBody } from './intake-facts.js';

interface Parting {
  split: BatchFunctions['split'];
  /** The jobs of the batch. */
  count: number;
  /** What is kept of the body of each answer. */
  capBytes: number;
}

/** A success is taken apart; anything else is what became of all of them. */
export function parted(whole: AttemptEnd, { split, count, capBytes }: Parting): DispatchEnd {
  if (!isTaken(whole)) return capped(whole, capBytes);
  try {
    const parts = split(factsOf(whole.answer), count);
    if (parts.length === count)
      return { kind: 'parts', whole, parts: parts.map((part) => capped(endOf(part), capBytes)) };
    return { kind: 'split-failed', detail: `split made ${parts.length} parts of ${count} jobs` };
  } catch (error) {
    return { kind: 'split-failed', detail: `split threw ${sentenceOf(error)}` };
  }
}

type Answered = Extract<AttemptEnd, { kind: 'answer' }>;

/** A portal answers 200 as well: what `expect` says goes before the status. */
function isTaken(end: AttemptEnd): end is Answered {
  if (end.kind !== 'answer' || (end.judged && end.judged.word !== 'ack')) return false;
  return end.answer.status >= 200 && end.answer.status <= 299;
}

/** A body that is not there must not pass for one that is empty: nobody could tell whose part is missing. */
function factsOf(answer: Answer): AnswerFacts {
  const facts = answerFacts(answer);
  return answer.bodyOmitted ? { ...facts, text: notThere, json: notThere } : facts;
}

function notThere(): never {
  throw new Error('the answer was too large, or broke off');
}

function endOf({ status, headers = [], body }: BatchPart): AttemptEnd {
  const answer: Answer = {
    status,
    statusText: '',
    headers: pairsOf(headers),
    bodyOmitted: false,
    ...(body === undefined ? {} : { body: bytesOfBody(body) }),
  };
  return { kind: 'answer', answer, keyOutstanding: false };
}

function capped(end: AttemptEnd, capBytes: number): AttemptEnd {
  if (end.kind !== 'answer' || (end.answer.body?.byteLength ?? 0) <= capBytes) return end;
  const { body: _, ...rest } = end.answer;
  return { ...end, answer: { ...rest, bodyOmitted: true } };
}

export function pairsOf(headers: readonly (readonly [name: string, value: string])[]): HeaderPairs {
  return headers.map(([name, value]) => [name, value]);
}
