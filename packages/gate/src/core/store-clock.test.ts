import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StoreClock } from './store-clock.js';

test('the reading that came back soonest counts, so that the estimate is never ahead', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (latencies) => {
        const clock = new StoreClock();
        latencies.forEach((latency, n) => clock.observe(5000 + n, n + latency));
        const estimate = clock.at(100) - 100;
        expect(estimate).toBeCloseTo(5000 - Math.min(...latencies), 6);
      },
    ),
  );
});

test('a clock that was set back is followed at once', () => {
  const clock = new StoreClock();
  clock.observe(10_000, 0);
  clock.observe(2000, 1000);
  expect(clock.at(1000)).toBe(2000);
});

test('a clock that drifts is followed within twenty seconds', () => {
  const clock = new StoreClock();
  for (let ms = 0; ms <= 60_000; ms += 1000) clock.observe(ms * 0.9999, ms);
  expect(clock.at(60_000)).toBeLessThan(60_000 * 0.9999 + 2.1);
});

test('before the first reading there is no time to tell', () => {
  expect(() => new StoreClock().at(0)).toThrow(RangeError);
});
