import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.UTC(2026, 10, 25, 8, 0, 0);

test.each([
  ['0', 0],
  ['120', 120_000],
  ['2.5', 2500],
  [' 3 ', 3000],
  ['Wed, 25 Nov 2026 08:00:30 GMT', 30_000],
  ['Wed, 25 Nov 2026 07:59:00 GMT', 0],
  ['999999', 600_000],
  ['Fri, 01 Jan 2100 00:00:00 GMT', 600_000],
])('%j waits %i ms', (value, ms) => {
  expect(retryAfterMs(value, NOW)).toBe(ms);
});

test.each([
  undefined,
  null,
  '',
  '-5',
  '1e3',
  'soon',
  '2026-11-25',
  'Wed, 25 Nov 2026 08:00:30',
  'Wed, 25 xyz 2026 08:00:30 GMT',
  '５',
])('%j says nothing', (value) => {
  expect(retryAfterMs(value, NOW)).toBeUndefined();
});

test('no value makes it throw or leave its bounds', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const ms = retryAfterMs(value, NOW);
      if (ms === undefined) return;
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(600_000);
    }),
  );
});
