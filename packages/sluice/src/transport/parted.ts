import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { AnswerFacts, BatchFunctions, BatchPart } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Answer } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import { verdictOn } from '../core/verdict.js';
import { answerFacts, bytesOfBody, pairsOf } from './intake-facts.js';

interface Parting {
  split: BatchFunctions['split'];
  /** The jobs of the batch. */
  count: number;
  /** What is kept of the body of each answer. */
  capBytes: number;
  policy: Judging;
}

type Judging = Pick<QueuePolicy, 'verdicts' | 'repeat'>;

/** A success is taken apart; anything else is what became of all of them. */
export function parted(whole: AttemptEnd, { split, count, capBytes, policy }: Parting): DispatchEnd {
  if (!isTaken(whole, policy)) return capped(whole, capBytes);
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

/** A portal and a login page answer 200 as well. */
function isTaken(end: AttemptEnd, policy: Judging): end is Answered {
  if (end.kind !== 'answer' || verdictOn(end, policy).kind !== 'ack') return false;
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
