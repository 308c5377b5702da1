import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  afterNudge,
  afterOnline,
  afterOutageEnd,
  afterSuccess,
  concurrencyOf,
  type Flow,
  shareOf,
  STEADY,
} from './flow.js';

const failed = (flow: Flow, now: number, chance = 0.5, sentAt = now): Flow =>
  afterOutageEnd(flow, { sentAt, now, chance });

const outage = (times: number, from: Flow = STEADY): Flow => {
  let flow = from;
  for (let i = 0; i < times; i++) flow = failed(flow, 1000 + i);
  return flow;
};

test('four ends in a row are bad luck, the fifth is an outage', () => {
  expect(outage(4)).toEqual({ phase: 'steady', outageEnds: 4 });
  expect(outage(5)).toMatchObject({ phase: 'probe', since: 1004, tries: 0 });
});

test('a success between them starts the count anew', () => {
  expect(outage(4, afterSuccess(outage(4)))).toMatchObject({ phase: 'steady' });
});

test('in probe one job at a time, and the pause doubles until it is capped', () => {
  let flow = outage(5);
  const pauses: number[] = [];
  for (let i = 0; i < 6 && flow.phase === 'probe'; i++) {
    const before = flow.until;
    flow = failed(flow, before);
    if (flow.phase === 'probe') pauses.push(flow.until - before);
  }
  expect(concurrencyOf(flow, 8)).toBe(1);
  expect(pauses).toEqual([8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
});

test('the end of a send from before the probe says nothing new', () => {
  const flow = outage(5);
  expect(failed(flow, 2000, 0.5, 900)).toBe(flow);
});

test('after an outage it starts slowly, and doubles with each success', () => {
  let flow = afterSuccess(outage(5));
  const shares: number[] = [];
  for (let i = 0; i < 4; i++) {
    shares.push(shareOf(flow));
    flow = afterSuccess(flow);
  }
  expect(shares).toEqual([1 / 8, 1 / 4, 1 / 2, 1]);
  expect(concurrencyOf(afterSuccess(outage(5)), 6)).toBe(1);
});

test('a nudge makes a probe due at once, coming online soon', () => {
  const flow = outage(5);
  expect(afterNudge(flow, 1100)).toMatchObject({ until: 1100 });
  expect(afterOnline(flow, 1100, 0.25)).toMatchObject({ until: 1600 });
  expect(afterNudge(STEADY, 1100)).toBe(STEADY);
});

test('whatever happens, shares and pauses stay within their bounds', () => {
  const step = fc.record({
    isOutage: fc.boolean(),
    gap: fc.integer({ min: 0, max: 400_000 }),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let flow = STEADY;
      let now = 0;
      for (const { isOutage, gap, chance } of steps) {
        now += gap;
        flow = isOutage ? failed(flow, now, chance) : afterSuccess(flow);
        expect(shareOf(flow)).toBeGreaterThan(0);
        expect(shareOf(flow)).toBeLessThanOrEqual(1);
        expect(concurrencyOf(flow, 6)).toBeGreaterThanOrEqual(1);
        if (flow.phase === 'probe') expect(flow.until - now).toBeLessThanOrEqual(450_000);
      }
    }),
  );
});
