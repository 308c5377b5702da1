import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Meter, metered, percentiles, perSecond, timed } from './metrics.js';

const T0 = 1_700_000_000_000;
const EMPTY: Meter = { second: 0, counts: [] };

test('a meter counts the last ten seconds, and forgets what is older', () => {
  let meter = EMPTY;
  for (let i = 0; i < 50; i++) meter = metered(meter, T0 + i * 100);
  expect(perSecond(meter, T0 + 5000)).toBe(5);
  expect(perSecond(meter, T0 + 12_000)).toBeCloseTo(2);
  expect(perSecond(meter, T0 + 3_600_000)).toBe(0);
});

test('a meter stays as small as it is, however long it runs and whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4e12 }), { maxLength: 50 }), (instants) => {
      const meter = instants.reduce(metered, EMPTY);
      expect(meter.counts.length).toBeLessThanOrEqual(10);
      expect(perSecond(meter, meter.second * 1000)).toBeGreaterThanOrEqual(instants.length > 0 ? 0.1 : 0);
    }),
  );
});

test('percentiles are within 10 % of the truth', () => {
  const values = Array.from({ length: 900 }, (_, i) => 10 + i * 10);
  const latency = values.reduce(timed, {});
  const told = percentiles(latency);
  expect(told).not.toBeNull();
  for (const [share, ms] of [
    [0.5, told?.p50],
    [0.95, told?.p95],
    [0.99, told?.p99],
  ] as const) {
    const truth = values[Math.ceil(share * values.length) - 1] ?? 0;
    expect(Math.abs((ms ?? 0) - truth) / truth).toBeLessThan(0.1);
  }
  expect(percentiles({})).toBeNull();
});

test('what is new counts more than what is old', () => {
  let latency: Record<number, number> = {};
  for (let i = 0; i < 1000; i++) latency = timed(latency, 100);
  for (let i = 0; i < 2500; i++) latency = timed(latency, 10_000);
  expect(percentiles(latency)?.p50).toBeGreaterThan(9000);
  expect(Object.values(latency).reduce((sum, count) => sum + count, 0)).toBeLessThan(1000);
});
