import { expect, test } from 'vitest';
import { usageOf, windowOfRate } from './window.js';

const NOW = 1_700_000_000_000;
const WINDOW = { limit: 3, perMs: 1000 };

test('counts those let in within the window that ends now', () => {
  expect(usageOf(WINDOW, [NOW - 900, NOW - 100], NOW)).toEqual({ ...WINDOW, remaining: 1, resetMs: 100 });
});

test('no longer counts what is exactly one window old', () => {
  expect(usageOf(WINDOW, [NOW - 1000, NOW - 999], NOW)).toEqual({ ...WINDOW, remaining: 2, resetMs: 1 });
});

test('has nothing to reset while unused', () => {
  expect(usageOf(WINDOW, [NOW - 5000], NOW)).toEqual({ ...WINDOW, remaining: 3, resetMs: 0 });
});

test('has nothing left, rather than less, after the limit was lowered', () => {
  expect(usageOf({ limit: 1, perMs: 1000 }, [NOW - 2, NOW - 1], NOW).remaining).toBe(0);
});

test.each([
  [50, { limit: 50, perMs: 1000 }],
  [2.5, { limit: 2, perMs: 1000 }],
  [0.4, { limit: 1, perMs: 3000 }],
  [Number.POSITIVE_INFINITY, undefined],
])('shows a capacity of %d per second as whole requests per whole seconds', (rate, window) => {
  expect(windowOfRate(rate)).toEqual(window);
});
