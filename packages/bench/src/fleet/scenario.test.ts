import { expect, test } from 'vitest';
import { randomOf } from './random.js';
import { sharesOf } from './scenario.js';

test('a backlog is shared out to the last job, by weights between 0.2 and 1.8', () => {
  const shares = sharesOf(60_000, 1000, randomOf(3));
  expect(shares.reduce((sum, jobs) => sum + jobs, 0)).toBe(60_000);
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(11);
  expect(Math.max(...shares)).toBeLessThanOrEqual(110);
});
