import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from './policy.js';
import { checkPatch, patched, type PolicyPatch } from './policy-patch.js';

test.each([
  [{ concurrency: 0 }, /setPolicy\('orders'\), concurrency is 0; allowed: a whole number from 1/],
  [{ rate: { limit: 1, perMs: 1000, burst: 2 } }, /rate\.burst is 2; allowed: at most rate\.limit, 1/],
  [
    { match: { method: 'GET', url: '/' } },
    /match is .*; allowed: no such field; known are rate, concurrency/,
  ],
] as [PolicyPatch, RegExp][])('%j is refused, and says why', (patch, sentence) => {
  expect(() => checkPatch('orders', patch, DEFAULT_POLICY)).toThrow(sentence);
});

test('a patch goes with the rules of its own queue', () => {
  const slow = { ...DEFAULT_POLICY, backoff: { baseMs: 60_000, maxMs: 900_000 } };
  const quick = { ...DEFAULT_POLICY, backoff: { baseMs: 10, maxMs: 100 } };
  const longest = (maxMs: number): PolicyPatch => ({ backoff: { maxMs } });
  expect(() => checkPatch('orders', { backoff: { baseMs: 400_000 } }, slow)).not.toThrow();
  expect(() => checkPatch('orders', longest(500), quick)).not.toThrow();
  expect(() => checkPatch('orders', longest(30_000), slow)).toThrow(
    "setPolicy('orders'), backoff.baseMs is 60000; allowed: at most backoff.maxMs, 30000",
  );
});

test('changes what it names, and leaves the rest', () => {
  const base = { ...DEFAULT_POLICY, verdicts: { 404: 'ack' as const } };
  const policy = patched(base, { backoff: { maxMs: 9000 }, verdicts: { 500: 'dead' }, maxJobs: 5 });
  expect(policy).toEqual({
    ...base,
    backoff: { baseMs: 1000, maxMs: 9000 },
    verdicts: { 404: 'ack', 500: 'dead' },
    maxJobs: 5,
  });
  expect(patched(base, null)).toBe(base);
});

test('what is undefined changes nothing', () => {
  const backoff = { baseMs: undefined, maxMs: 9000 } as unknown as { maxMs: number };
  const patch = { concurrency: undefined, backoff } as unknown as PolicyPatch;
  expect(patched(DEFAULT_POLICY, patch)).toEqual({
    ...DEFAULT_POLICY,
    backoff: { baseMs: 1000, maxMs: 9000 },
  });
});
