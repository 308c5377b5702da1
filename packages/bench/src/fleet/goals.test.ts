import { describe, expect, test } from 'vitest';
import { GOALS } from './bench.js';
import { costOf } from './goals/cost.js';
import { barsOf, isMet, meanOf } from './goals/goal.js';

const SEEDS = [2001, 2002, 2003];

describe('the flow, in simulated time,', () => {
  for (const goal of GOALS.filter(({ isLarge }) => !isLarge)) {
    test(`reaches the goal ${goal.name}`, () => {
      const missed = barsOf(goal, SEEDS.slice(0, goal.name === 'G1' ? 1 : 3))
        .filter((bar) => !isMet(bar))
        .map(({ what, bar, reached }) => ({ what, bar, mean: meanOf(reached), reached }));
      expect(missed).toEqual([]);
    });
  }
});

test('the state of the flow stays within 300 bytes, at 8 a number', () => {
  expect(costOf(100_000, 1).mostBytes).toBeLessThanOrEqual(300);
});
