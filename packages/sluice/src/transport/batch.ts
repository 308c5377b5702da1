import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { BatchFunctions, BatchPart } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Answer, HeaderPairs, Job } from '../core/job.js';
import type { Claim, Dispatch } from '../core/ports.js';
import { fingerprint } from './cipher.js';
import type { SealingKeys } from './seal.js';
import { rekeyed } from './idempotency.js';
import { openStored } from './seal-all.js';
import { answerFacts, bytesOfBody, capturedFacts } from './intake-facts.js';

export interface BatchOptions {
  readBody: (job: Job) => Promise<ArrayBuffer | undefined>;
  sealingKey: SealingKeys;
  /** The functions of a queue that batches; undefined for one that does not, or whose rules are not known here. */
  functionsOf: (queue: string) => BatchFunctions | undefined;
}

/** A dispatch of single claims, made one of batches. */
export function dispatchBatches(dispatch: Dispatch, options: BatchOptions): Dispatch {
  return async (claim, control) => {
    if (claim.riders.length === 0) return dispatch(claim, control);
    const functions = options.functionsOf(claim.job.queue);
    // An engine without the rules cannot know what one request for all of them would be.
    if (!functions) return { kind: 'unsent', why: 'stopped' };
    const made = await combine(claim, functions, options);
    if (made.kind !== 'combined') return made;
    return parted(await dispatch({ ...claim, job: made.job, body: made.body }, control), claim, functions);
  };
}

type Combined = { kind: 'combined'; job: Job; body: ArrayBuffer };

async function combine(
  claim: Claim,
  functions: BatchFunctions,
  { readBody, sealingKey }: BatchOptions,
): Promise<Combined | AttemptEnd> {
  const members = [claim, ...claim.riders];
  const jobs = members.map(({ job }) => job);
  const lead = claim.job;
  try {
    const opened = await Promise.all(
      members.map(async ({ job, body }) => {
        const stored = { request: job.request, body: body ?? (await readBody(job)) };
        return openStored(stored, job, (isFresh) => sealingKey(job.owner, isFresh));
      }),
    );
    const requests = opened.map((one, i) => ({
      ...capturedFacts(one),
      idempotencyKey: (jobs[i] as Job).idempotencyKey,
    }));
    const [{ request: first } = lead] = opened;
    const { url, method = first.method, headers, body } = functions.combine(requests);
    const bytes = bytesOfBody(body);
    const idempotencyKey = await keyOfAll(jobs);
    const request = {
      ...first,
      method,
      url: new URL(url ?? first.url, first.url).href,
      // What the app has set is the key of the first job alone.
      headers: headers ? pairsOf(headers) : rekeyed(first.headers, idempotencyKey, claim.policy.idempotency),
    };
    const ticket = jobs.map((job) => job.ticket).join('+');
    return {
      kind: 'combined',
      job: { ...lead, ticket, idempotencyKey, request, bodyBytes: bytes.byteLength },
      body: bytes,
    };
  } catch (error) {
    return { kind: 'prepare-failed', detail: `combine threw ${sentenceOf(error)}` };
  }
}

/** The same jobs together are the same request, and have the same key; any other company is another. */
async function keyOfAll(jobs: readonly Job[]): Promise<string> {
  const text = jobs.map(({ idempotencyKey }) => idempotencyKey).join(' ');
  const hex = (await fingerprint(text)).slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A success is taken apart; anything else is what became of all of them. */
function parted(end: DispatchEnd, { riders }: Claim, { split }: BatchFunctions): DispatchEnd {
  if (end.kind !== 'answer' || end.answer.status < 200 || end.answer.status > 299) return end;
  try {
    const parts = split(answerFacts(end.answer), riders.length + 1);
    if (parts.length === riders.length + 1) return { kind: 'parts', whole: end, parts: parts.map(endOf) };
    return {
      kind: 'split-failed',
      detail: `split made ${parts.length} parts of ${riders.length + 1} jobs`,
    };
  } catch (error) {
    return { kind: 'split-failed', detail: `split threw ${sentenceOf(error)}` };
  }
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

function pairsOf(headers: readonly (readonly [name: string, value: string])[]): HeaderPairs {
  return headers.map(([name, value]) => [name, value]);
}
