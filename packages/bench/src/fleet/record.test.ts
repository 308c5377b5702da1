import { expect, test } from 'vitest';
import { Series } from './record.js';

test('the peak is that of any second, not of those that begin on a whole one', () => {
  const series = new Series();
  for (const at of [650, 750, 1150, 1550, 1650, 9000]) series.add(at);
  expect(series.peakPerSecond()).toBe(4);
  expect(series.between(0, 1200)).toBe(3);
  expect(series.whenReached(4)).toBe(1600);
  expect(series.whenReached(7)).toBe(Infinity);
});
