import type { AttemptEnd } from './attempt.js';
import { isQuotaSpent } from './flow/hints.js';
import type { DeadReason } from './job.js';
import type { QueuePolicy } from './policy.js';
import { DEFAULT_VERDICTS, type VerdictTable, type VerdictWord, wordForStatus } from './verdict-table.js';

/** What to do about the end of an attempt. */
export type Verdict =
  | { kind: 'ack' }
  /** Back to waiting, later; `outage` ends count towards a probe. */
  /** `isSlow`: the job itself is tried no sooner than in a minute, and no more than `maxAttempts` times. */
  | { kind: 'nack'; outage: boolean; isSlow?: true; waitMs: number; detail: string }
  /** Back to waiting, and the whole queue slows down or holds; no attempt is spent. */
  | { kind: 'freeze' }
  | { kind: 'sign-in' }
  | { kind: 'dead'; reason: DeadReason; detail: string }
  /** Back to its place, nothing counted: it never left, or was stopped in mid-send. */
  | { kind: 'give-back' };

type Answered = Extract<AttemptEnd, { kind: 'answer' }>;

/** The verdict on the end of an attempt, by the table of its queue and then by ours. */
export function verdictOn(end: AttemptEnd, policy: Pick<QueuePolicy, 'verdicts' | 'repeat'>): Verdict {
  return policy.repeat === 'never' && mayHaveBeenDone(end)
    ? notRepeated(verdictByTable(end, policy.verdicts))
    : verdictByTable(end, policy.verdicts);
}

function verdictByTable(end: AttemptEnd, table: VerdictTable): Verdict {
  switch (end.kind) {
    case 'answer':
      return onAnswer(end, table);
    case 'hidden':
      return onWord(wordOf(table, 'hidden'), {
        detail: `the answer was ${end.type}: its status cannot be read`,
      });
    case 'network-error':
      return onWord(wordOf(table, 'network-error'), { detail: end.detail });
    case 'blocked':
      return onBlocked(end, table['network-error']);
    case 'timeout':
      return onWord(wordOf(table, 'timeout'), { detail: 'no answer within timeoutMs' });
    case 'prepare-failed':
      // It may have asked the service for something.
      return onWord('outage', { detail: `prepare failed: ${end.detail}` });
    case 'combine-failed':
    case 'split-failed':
      return onWord('nack', { detail: end.detail });
    case 'unreadable':
      return { kind: 'dead', reason: 'unreadable', detail: end.detail };
    case 'unsent':
    case 'aborted':
      return { kind: 'give-back' };
    case 'sign-in':
      return { kind: 'sign-in' };
  }
}

/** It may be done each time that it is sent. A gateway that is overloaded looks the same, and passes. */
function onBlocked({ by, detail }: Extract<AttemptEnd, { kind: 'blocked' }>, own?: VerdictWord): Verdict {
  if (own) return onWord(own, { detail });
  if (by === 'cors') return { kind: 'nack', outage: true, isSlow: true, waitMs: 0, detail };
  return onWord(by === 'cache' ? 'dead' : 'unknown', { detail });
}

function onAnswer(end: Answered, table: VerdictTable): Verdict {
  const { answer, judged, hint } = end;
  const led = ledKeyOf(end);
  const detail = judged?.detail ?? `answered ${answer.status}${led ? LED[led] : ''}`;
  const own = led && table[led];
  const word = judged?.word ?? own ?? wordForStatus(table, answer.status) ?? refined(end, led) ?? 'dead';
  return onWord(word, { detail, waitMs: hint?.notBeforeMs ?? 0 });
}

const LED = {
  redirected: ' after a redirect, which may have made a read of the write',
  portal: ' after a redirect to another origin, away from the service',
};

/**
 * A redirect by 301, 302 or 303 turns a write into a read, one by 307 or 308 does not, and the browser does not tell which it
 * was: a success may be that of the read. 201 is none: a read makes nothing.
 */
function ledKeyOf({ led, answer: { status } }: Answered): keyof typeof LED | undefined {
  if (!led || status < 200 || status > 299) return undefined;
  if (led === 'away') return 'portal';
  return status === 201 ? undefined : 'redirected';
}

/** What our table says, and what the answer says beyond its status. */
function refined(end: Answered, led: keyof typeof LED | undefined): VerdictWord | undefined {
  const { status } = end.answer;
  if (led) return DEFAULT_VERDICTS[led];
  if (isTooFast(end)) return 'freeze';
  if (status === 409 && end.keyOutstanding) return 'nack';
  return wordForStatus(DEFAULT_VERDICTS, status);
}

/** 503 where the service says when; 403 where it says that the quota is spent (GitHub answers so). */
function isTooFast({ answer, hint }: Answered): boolean {
  const saysWhen = hint?.notBeforeMs !== undefined;
  return (answer.status === 503 && saysWhen) || (answer.status === 403 && (saysWhen || isQuotaSpent(hint)));
}

function wordOf(table: VerdictTable, key: 'hidden' | 'network-error' | 'timeout'): VerdictWord {
  return table[key] ?? DEFAULT_VERDICTS[key] ?? 'dead';
}

function onWord(word: VerdictWord, { detail, waitMs = 0 }: { detail: string; waitMs?: number }): Verdict {
  switch (word) {
    case 'ack':
    case 'freeze':
    case 'sign-in':
      return { kind: word };
    case 'nack':
    case 'outage':
      return { kind: 'nack', outage: word === 'outage', waitMs, detail };
    case 'conflict':
    case 'unknown':
      return { kind: 'dead', reason: word, detail };
    case 'dead':
      return { kind: 'dead', reason: 'rejected', detail };
  }
}

/** Ends after which the service may have done what was asked. What it turned away unread was not done. */
export function mayHaveBeenDone(end: AttemptEnd): boolean {
  if (end.kind === 'answer') return ![408, 425, 429, 503].includes(end.answer.status);
  if (end.kind === 'blocked') return end.by !== 'cache';
  return ['network-error', 'timeout', 'aborted', 'split-failed', 'hidden'].includes(end.kind);
}

/**
 * Whether a job that an attempt has not delivered may have been done all the same. A refusal by a 4xx, or by the word of the app,
 * says that it was not, but for one that says that it is under way.
 */
export function mayHaveArrived(end: AttemptEnd, verdict: Verdict): boolean {
  if (verdict.kind === 'freeze' || verdict.kind === 'sign-in' || !mayHaveBeenDone(end)) return false;
  if (end.kind !== 'answer' || end.keyOutstanding) return true;
  const { status } = end.answer;
  if (status >= 400) return status >= 500;
  return !(verdict.kind === 'dead' && (verdict.reason === 'rejected' || verdict.reason === 'conflict'));
}

/** At most once: whatever would be sent again is dead instead, for somebody to look at. */
function notRepeated(verdict: Verdict): Verdict {
  if (verdict.kind === 'nack' || verdict.kind === 'give-back') {
    const why = verdict.kind === 'nack' ? verdict.detail : 'it was stopped in mid-send';
    return { kind: 'dead', reason: 'unknown', detail: `${why}; it may have been done, and is not repeated` };
  }
  return verdict;
}
