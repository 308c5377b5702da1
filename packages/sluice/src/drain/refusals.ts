import { type ErrorCode, isSluiceError, sentenceOf } from '../core/errors.js';
import type { QueueDefinition } from '../core/config.js';
import type { Intake, Refusal } from '../core/messages.js';
import type { EnqueueAnswer } from '../core/ports.js';

export type Declined = Exclude<EnqueueAnswer, { kind: 'accepted' }>;

/** Why storage did not take a request. */
export function refusalOf(answer: Declined, queue: string): Refusal {
  if (answer.kind === 'refused') return notQueued(answer.code, answer.detail);
  return {
    status: 503,
    code: 'queue-full',
    title: 'The queue is full',
    detail: `Queue '${queue}' holds as much as ${answer.limit} allows, ${answer.max}. Try again later, or raise it.`,
    retryAfterSeconds: Math.max(1, Math.ceil(answer.retryAfterMs / 1000)),
  };
}

/** What was asked wrongly is refused; where storage failed, the app shall not be worse off than without us. */
export function failureOf(
  error: unknown,
  queue: QueueDefinition | undefined,
): Extract<Intake, { kind: 'refused' | 'broken' }> {
  const code = isSluiceError(error) ? error.code : 'storage-failed';
  const detail = sentenceOf(error);
  if (code === 'body-too-large')
    return { kind: 'refused', refusal: { status: 413, code, title: 'The body is too large', detail } };
  if (ASKED_WRONGLY.has(code)) return { kind: 'refused', refusal: notQueued(code, detail) };
  // Past the queue it might be sent twice, each time under another key.
  if (code === 'storage-unsure') return { kind: 'refused', refusal: notQueued(code, detail) };
  const refusal = {
    status: 503,
    code,
    title: 'The request could not be stored',
    detail,
    retryAfterSeconds: 30,
  };
  return { kind: 'broken', whenBroken: queue?.whenBroken ?? 'network', refusal };
}

const ASKED_WRONGLY = new Set<ErrorCode>([
  'queue-unknown',
  'function-failed',
  'config-invalid',
  'signed-out',
  'request-unreadable',
]);

function notQueued(code: ErrorCode, detail: string): Refusal {
  return { status: 503, code, title: 'The request could not be queued', detail };
}
