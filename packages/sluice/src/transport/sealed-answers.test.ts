import { expect, test } from 'vitest';
import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { Job } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { AttemptControl, Claim } from '../core/ports.js';
import { createSealingKey } from './cipher.js';
import { openAnswer } from './seal-all.js';
import { sealAnswers } from './sealed-answers.js';

const cryptoKey = await createSealingKey();
const key = async () => [cryptoKey] as const;
const control: AttemptControl = {
  signal: new AbortController().signal,
  onPrepared: () => undefined,
  confirm: async () => undefined,
  mayBegin: () => 'yes',
};

const claimOf = (seq: number, riders: Claim[] = []): Claim => ({
  job: { ticket: `orders.${seq}.n`, owner: 1 } as Job,
  leaseId: `e/1/${seq}`,
  leaseUntil: 9999,
  n: 0,
  sendAt: 0,
  latestAt: 9999,
  policy: { ...DEFAULT_POLICY, seal: 'all' },
  credentials: 0,
  riders,
});

const answered = (status: number, statusText: string): AttemptEnd => ({
  kind: 'answer',
  answer: { status, statusText, headers: [], body: new ArrayBuffer(4), bodyOmitted: false },
  hint: { notBeforeMs: 2000 },
  keyOutstanding: false,
});

/** What each job of the batch reads under its own ticket. */
function read(end: DispatchEnd): Promise<string[]> {
  if (end.kind !== 'parts') throw new Error(end.kind);
  const reading = end.parts.map(async (part, i) => {
    if (part.kind !== 'answer' || !part.answer.sealed) return 'not sealed';
    return (await openAnswer(part.answer, `orders.${i + 1}.n`, key)).statusText;
  });
  return Promise.all(reading);
}

const send = (end: DispatchEnd, claim: Claim) => sealAnswers(async () => end, key)(claim, control);

test('what befell a batch is sealed for each of its jobs, and tells the queue its status and its hint', async () => {
  const end = await send(answered(429, 'Slow'), claimOf(1, [claimOf(2), claimOf(3)]));
  expect(await read(end)).toEqual(['Slow', 'Slow', 'Slow']);
  expect(end).toMatchObject({
    whole: { answer: { status: 429, statusText: '' }, hint: { notBeforeMs: 2000 } },
  });
});

test('each part of a batch is sealed for its own job', async () => {
  const parts = [answered(201, 'Made'), answered(409, 'Other')];
  const end = await send({ kind: 'parts', whole: answered(207, 'Both'), parts }, claimOf(1, [claimOf(2)]));
  expect(await read(end)).toEqual(['Made', 'Other']);
});

test('the answer to one job is sealed for it', async () => {
  expect(await read(await send(answered(201, 'Made'), claimOf(1)))).toEqual(['Made']);
});
