import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mostInAnyWindow, OneQueue } from './one-queue.kit.js';
import { marginMsOf } from './rate.js';

const rates = fc
  .record({
    limit: fc.integer({ min: 1, max: 200 }),
    perMs: fc.integer({ min: 10, max: 60_000 }),
    burst: fc.integer({ min: 1, max: 200 }),
  })
  .map(({ limit, perMs, burst }) => ({ limit, perMs, burst: Math.min(burst, limit) }));

test('no window holds more sends than its limit, however late each send is within its margin', () => {
  const steps = fc.array(
    fc.record({
      waitMs: fc.double({ min: 0, max: 200, noNaN: true }),
      lateness: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    {
      minLength: 50,
      maxLength: 400,
    },
  );
  fc.assert(
    fc.property(rates, steps, (rate, all) => {
      const queue = new OneQueue(rate);
      let now = 1e12;
      const sent: number[] = [];
      for (const { waitMs, lateness } of all) {
        now += waitMs;
        const admission = queue.arrive(now);
        if (admission.kind === 'send') sent.push(admission.at + lateness * marginMsOf(rate));
      }
      expect(mostInAnyWindow(sent, rate.perMs)).toBeLessThanOrEqual(rate.limit);
    }),
    { numRuns: 300 },
  );
});

test('holders who come in their order find their instants free within a margin', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200 }), (limit, holders) => {
      const queue = new OneQueue({ limit, perMs: 1000 }, 0);
      const start = 1e12;
      queue.arrive(start);
      const numbers = Array.from({ length: holders }, () => queue.arrive(start)).flatMap((one) =>
        one.kind === 'number' ? [one.number] : [],
      );
      expect(numbers).toHaveLength(holders);
      for (const number of numbers) {
        const admission = queue.arrive(number.at, number);
        expect(admission.kind).toBe('send');
        expect(admission.kind === 'send' && admission.at - number.at).toBeLessThanOrEqual(25);
      }
    }),
    { numRuns: 100 },
  );
});

test('walk-ins take what holders leave idle, so that a queue of no-shows loses nothing', () => {
  const queue = new OneQueue({ limit: 100, perMs: 1000 });
  const start = 1e12;
  let sends = 0;
  for (let n = 0; n < 1000; n += 1) queue.arrive(start);
  // Nobody comes back; others arrive all the time.
  for (let ms = 1; ms <= 10_000; ms += 2) if (queue.arrive(start + ms).kind === 'send') sends += 1;
  expect(sends).toBeGreaterThan(0.95 * 9.5 * 100);
  expect(sends).toBeLessThanOrEqual(10.1 * 100);
});

test.each([
  [-2000, 20],
  [-3_600_000, 20],
  // The store has no other clock that would tell: the pace begins anew, with its burst of one.
  [3_600_000, 21],
])('a clock that is set by %i ms lets a window see %i sends at most', (jumpMs, most) => {
  const queue = new OneQueue({ limit: 20, perMs: 1000 }, 0);
  const sent: number[] = [];
  for (let real = 0; real < 6000; real += 10) {
    const admission = queue.arrive(1e12 + real + (real >= 2000 ? jumpMs : 0));
    if (admission.kind === 'send') sent.push(real);
  }
  expect(mostInAnyWindow(sent, 1000)).toBeLessThanOrEqual(most);
  expect(sent.length).toBeGreaterThan(70);
});

test('after a clock was set back, what was promised before it still has its place', () => {
  const queue = new OneQueue({ limit: 10, perMs: 1000 }, 10_000);
  for (let n = 0; n < 20; n += 1) queue.arrive(1e12);
  const admission = queue.arrive(1e12 - 5000);
  expect(admission.kind === 'send' && admission.at - (1e12 - 5000)).toBeGreaterThanOrEqual(2000);
});
