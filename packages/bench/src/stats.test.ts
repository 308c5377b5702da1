import { expect, test } from 'vitest';
import { mostInAWindow, summarise } from './stats.js';

test('the median is the middle by number, not by spelling', () => {
  expect(summarise([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100, samples: 3 });
  expect(summarise([1, 2, 3, 4]).median).toBe(2.5);
});

test('a window is half open: what is exactly perMs apart shares none', () => {
  expect(mostInAWindow([0, 1000, 2000], 1000)).toBe(1);
  expect(mostInAWindow([0, 999, 1000], 1000)).toBe(2);
});
