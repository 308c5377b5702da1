import { expect, test } from 'vitest';
import { retryAt } from './line-retry.js';

const at = (attempts: number, retryAfter: string | null = null, random = 1): number =>
  retryAt(attempts, { now: 1_000_000, random, retryAfter }) - 1_000_000;

test('the wait doubles up to a minute, half of it by chance', () => {
  expect([0, 1, 2, 10].map((attempts) => at(attempts))).toEqual([1000, 2000, 4000, 60_000]);
  expect(at(0, null, 0)).toBe(500);
});

test.each([
  ['30', 30_000],
  ['0', 1000],
  [new Date(1_045_000).toUTCString(), 45_000],
  ['nonsense', 1000],
  ['999999', 3_600_000],
])('Retry-After %s is waited for', (value, wanted) => {
  expect(at(0, value)).toBe(wanted);
});
