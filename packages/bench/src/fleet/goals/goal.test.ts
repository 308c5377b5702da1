import { expect, test } from 'vitest';
import { goalRow } from '../tables.js';
import { atLeast, atMost, barsOf, isMet, percentile } from './goal.js';

const goal = {
  name: 'G0',
  measure: (seed: number) => [atMost('waste', 0.3, seed / 10), atLeast('use', 0.9, seed / 10)],
};

test('a bar holds or breaks for the mean over the seeds, and the table shows how far they spread', () => {
  const [waste, use] = barsOf(goal, [1, 2, 6]);
  expect([waste, use].map((bar) => bar && isMet(bar))).toEqual([true, false]);
  expect(waste && goalRow(waste)).toEqual({
    goal: 'G0',
    what: 'waste',
    bar: '<= 0.3',
    reached: '0.3 [0.1..0.6]',
    met: 'yes',
  });
});

test('a goal that nobody reaches in time is missed, not skipped', () => {
  const never = { name: 'G0', measure: () => [atMost('T95', 1, Infinity), atMost('p99', 1, Number.NaN)] };
  expect(barsOf(never, [1]).map(isMet)).toEqual([false, false]);
});

test('a percentile is a value of the sample', () => {
  expect([percentile([3, 1, 2], 0.5), percentile([3, 1, 2], 0.99), percentile([], 0.5)]).toEqual([
    2,
    3,
    Number.NaN,
  ]);
});
