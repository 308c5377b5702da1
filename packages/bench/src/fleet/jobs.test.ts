import { expect, test } from 'vitest';
import { Jobs } from './jobs.js';

test('fresh jobs leave first in, first out; one that is put back leaves next', () => {
  const jobs = new Jobs(10, 2);
  const [a, b, c] = [jobs.add(1, 0, false), jobs.add(1, 0, false), jobs.add(1, 0, false)];
  expect(jobs.fresh.take(1)).toBe(a);
  jobs.fresh.putBack(1, a);
  expect([jobs.fresh.take(1), jobs.fresh.take(1)]).toEqual([a, b]);
  jobs.retries.append(1, b);
  expect([jobs.queued(0), jobs.queued(1)]).toEqual([0, 2]);
  expect([jobs.retries.take(1), jobs.fresh.take(1)]).toEqual([b, c]);
  expect(jobs.queued(1)).toBe(0);
});
