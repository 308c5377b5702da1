import type { AttemptEnd } from './attempt.js';
import { isQuotaSpent } from './flow/hints.js';
import type { DeadReason } from './job.js';

/** What to do about the end of an attempt. */
export type Verdict =
  | { kind: 'ack' }
  /** Back to waiting, later; `outage` ends count towards a probe. */
  | { kind: 'nack'; outage: boolean; waitMs: number; detail: string }
  /** Back to waiting, and the whole queue slows down or holds; no attempt is spent. */
  | { kind: 'freeze' }
  | { kind: 'sign-in' }
  | { kind: 'dead'; reason: DeadReason; detail: string }
  /** Back to its place, nothing counted: it never left, or was stopped in mid-send. */
  | { kind: 'give-back' };

type Answered = Extract<AttemptEnd, { kind: 'answer' }>;

/** The default verdict on the end of an attempt. */
export function verdictOn(end: AttemptEnd, { trustOpaque }: { trustOpaque: boolean }): Verdict {
  switch (end.kind) {
    case 'answer':
      return onAnswer(end);
    case 'hidden':
      return trustOpaque
        ? { kind: 'ack' }
        : {
            kind: 'dead',
            reason: 'unknown',
            detail: `the answer was ${end.type}: its status cannot be read`,
          };
    case 'network-error':
      return { kind: 'nack', outage: true, waitMs: 0, detail: end.detail };
    case 'timeout':
      return { kind: 'nack', outage: true, waitMs: 0, detail: 'no answer within timeoutMs' };
    case 'prepare-failed':
      return { kind: 'nack', outage: false, waitMs: 0, detail: `prepare failed: ${end.detail}` };
    case 'split-failed':
      return { kind: 'nack', outage: false, waitMs: 0, detail: end.detail };
    case 'unreadable':
      return { kind: 'dead', reason: 'unreadable', detail: end.detail };
    case 'unsent':
    case 'aborted':
      return { kind: 'give-back' };
    case 'sign-in':
      return { kind: 'sign-in' };
  }
}

function onAnswer(end: Answered): Verdict {
  const { status } = end.answer;
  const detail = `answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'ack' };
  if (isTooFast(end)) return { kind: 'freeze' };
  const waitMs = end.hint?.notBeforeMs ?? 0;
  switch (status) {
    case 401:
    case 407:
      return { kind: 'sign-in' };
    case 502:
    case 503:
    case 504:
      return { kind: 'nack', outage: true, waitMs: 0, detail };
    case 408:
    case 425:
    case 500:
      return { kind: 'nack', outage: false, waitMs, detail };
    case 409:
      return end.keyOutstanding
        ? { kind: 'nack', outage: false, waitMs, detail }
        : { kind: 'dead', reason: 'conflict', detail };
    case 412:
      return { kind: 'dead', reason: 'conflict', detail };
    default:
      return { kind: 'dead', reason: status >= 300 && status < 400 ? 'unknown' : 'rejected', detail };
  }
}

/** 429 always; 503 where the service says when; 403 where it says that the quota is spent (GitHub answers so). */
function isTooFast({ answer, hint }: Answered): boolean {
  if (answer.status === 429) return true;
  const saysWhen = hint?.notBeforeMs !== undefined;
  return (answer.status === 503 && saysWhen) || (answer.status === 403 && (saysWhen || isQuotaSpent(hint)));
}
