import { expect, test } from 'vitest';
import { backoffMs } from './backoff.js';

const limits = { baseMs: 1000, maxMs: 6000 };

test('the ceiling doubles with each failure, up to maxMs', () => {
  const ceilings = [1, 2, 3, 4, 50].map((failures) => backoffMs(failures, limits, 1));
  expect(ceilings).toEqual([1000, 2000, 4000, 6000, 6000]);
});

test('the delay is anywhere below the ceiling', () => {
  expect([0, 0.5, 0.999].map((chance) => backoffMs(2, limits, chance))).toEqual([0, 1000, 1998]);
});
