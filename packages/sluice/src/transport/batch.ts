import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { BatchFunctions } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Job, Stored } from '../core/job.js';
import type { Claim, Dispatch } from '../core/ports.js';
import { rekeyed } from './idempotency.js';
import { bytesOfBody, capturedFacts, pairsOf } from './intake-facts.js';
import { uuidOf } from './new-id.js';
import { requireSendable } from './rebuild.js';
import { type OpenOptions, type Opened, openJob } from './open-job.js';
import { parted } from './parted.js';

export interface BatchOptions extends OpenOptions {
  /** The functions of a queue that batches; undefined for one that does not, or whose rules are not known here. */
  functionsOf: (queue: string) => BatchFunctions | undefined;
}

/** A dispatch of single claims, made one of batches. */
export function dispatchBatches(dispatch: Dispatch, options: BatchOptions): Dispatch {
  return async (claim, control) => {
    if (claim.riders.length === 0) return dispatch(claim, control);
    const functions = options.functionsOf(claim.job.queue);
    // An engine without the rules cannot know what one request for all of them would be.
    if (!functions) return UNSENT;
    const members = [claim, ...claim.riders];
    const opened = await Promise.all(members.map((member) => openJob(member, options)));
    if (!opened.every(isOpened)) return withoutUnreadable(opened);
    const made = combine(claim, opened, functions);
    if (made.kind !== 'combined') return made;
    const end = await dispatch({ ...claim, job: made.job, body: made.body }, control);
    if (end.kind === 'parts') return end;
    const { policy } = claim;
    const { split } = functions;
    return parted(end, { split, count: members.length, capBytes: policy.resultBytes, policy });
  };
}

const UNSENT: AttemptEnd = { kind: 'unsent', why: 'stopped' };

function isOpened(one: Opened): one is Extract<Opened, { kind: 'opened' }> {
  return one.kind === 'opened';
}

/** Whoever cannot be read ends alone; the others are given back, and go without it. */
function withoutUnreadable(opened: readonly Opened[]): DispatchEnd {
  const parts = opened.map((one) => (one.kind === 'unreadable' ? one : UNSENT));
  return { kind: 'parts', whole: UNSENT, parts };
}

type Combined = { kind: 'combined'; job: Job; body: ArrayBuffer };

function combine(
  { job: lead, riders, policy }: Claim,
  opened: readonly Stored[],
  functions: BatchFunctions,
): Combined | AttemptEnd {
  const jobs = [lead, ...riders.map(({ job }) => job)];
  try {
    const requests = opened.map((one, i) => ({
      ...capturedFacts(one),
      idempotencyKey: (jobs[i] as Job).idempotencyKey,
    }));
    const { request: first } = opened[0] as Stored;
    const { url, method = first.method, headers, body } = functions.combine(requests);
    const bytes = bytesOfBody(body);
    const idempotencyKey = keyOfAll(jobs);
    const request = {
      ...first,
      method,
      url: new URL(url ?? first.url, first.url).href,
      // What the app has set is the key of the first job alone.
      headers: headers ? pairsOf(headers) : rekeyed(first.headers, idempotencyKey, policy.idempotency),
    };
    requireSendable({ request, body: bytes });
    const ticket = jobs.map((job) => job.ticket).join('+');
    return {
      kind: 'combined',
      job: { ...lead, ticket, idempotencyKey, request, bodyBytes: bytes.byteLength },
      body: bytes,
    };
  } catch (error) {
    return { kind: 'combine-failed', detail: `combine threw ${sentenceOf(error)}` };
  }
}

/** The same jobs together are the same request, and have the same key; any other company is another. */
function keyOfAll(jobs: readonly Job[]): string {
  const text = jobs.map(({ idempotencyKey }) => idempotencyKey).join(' ');
  // FNV-1a of 128 bits: pages without HTTPS have no SHA, and each of these keys is random by itself.
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * 0x1000000000000000000013bn);
  return uuidOf(hash.toString(16).padStart(32, '0'));
}
