import type { AttemptEnd } from '../core/attempt.js';
import { isPassing, sentenceOf } from '../core/errors.js';
import type { Job, Stored } from '../core/job.js';
import type { SealingKeys } from './seal.js';
import { openStored } from './seal-all.js';

export interface OpenOptions {
  readBody: (job: Job) => Promise<ArrayBuffer | undefined>;
  sealingKey: SealingKeys;
}

/** A job, and its body where that is at hand already. */
export interface Unopened {
  job: Job;
  body?: ArrayBuffer | undefined;
}

export type Opened = ({ kind: 'opened' } & Stored) | Extract<AttemptEnd, { kind: 'unsent' | 'unreadable' }>;

/** What a job asks for, in clear, or what becomes of it instead. Never rejects. */
export async function openJob(
  { job, body: atHand }: Unopened,
  { readBody, sealingKey }: OpenOptions,
): Promise<Opened> {
  try {
    const body = atHand ?? (await readBody(job));
    if (job.bodyBytes > 0 && !body) return { kind: 'unreadable', detail: 'its body is gone' };
    const key = (isFresh?: boolean) => sealingKey(job.owner, isFresh);
    return { kind: 'opened', ...(await openStored({ request: job.request, body }, job, key)) };
  } catch (error) {
    // Whatever is not passing fails so every time.
    return isPassing(error)
      ? { kind: 'unsent', why: 'stopped' }
      : { kind: 'unreadable', detail: sentenceOf(error) };
  }
}
