import { expect, test } from 'vitest';
import type { Controller, Outcome } from '../controller.js';
import { randomOf } from '../random.js';
import { AIMD_LIBRARY, AIMD_WITH_BACKOFF, aimd } from './aimd.js';
import { fireAll } from './fire-all.js';
import { TwoMinutes } from './google.js';
import { gradientLimit, LongAverage } from './gradient2.js';
import { withReconnectJitter } from './reconnect-jitter.js';
import { serial } from './serial.js';
import { AdaptiveRate, cubicRate } from './smithy.js';

const half = () => 0.5;
const ended = (kind: Outcome['kind'], over: Partial<Outcome> = {}): Outcome => ({
  kind,
  status: kind === 'accepted' ? 200 : 429,
  headers: [],
  sentAt: 0,
  rttMs: 100,
  isFirstTry: true,
  ...over,
});
const idle = { queued: 1000, retriesDue: 0, inFlight: 0 };
const free = (rival: Controller, inFlight: number, now = 0) => {
  const decision = rival.decide(now, { ...idle, inFlight });
  return decision.kind === 'send' ? decision.n : decision.kind;
};

test('fire all backs off 1, 2, 4 ... 32 s, and with full jitter by a uniform share of it', () => {
  const plain = fireAll({ jitter: false })(half);
  const jittered = fireAll({ jitter: true })(half);
  const tries = [1, 2, 3, 9];
  expect(tries.map((n) => plain.requeue(ended('rejected'), n))).toEqual([1000, 2000, 4000, 32_000]);
  expect(tries.map((n) => jittered.requeue(ended('rejected'), n))).toEqual([500, 1000, 2000, 16_000]);
});

test('a serial replay takes a 429 for a delivery, or stops for a backoff', () => {
  const workbox = serial('done')(half);
  workbox.observe(10, ended('rejected'), 0);
  expect([workbox.requeue(ended('rejected'), 1), free(workbox, 0, 10), free(workbox, 1, 10)]).toEqual([
    'lost',
    1,
    'hold',
  ]);
  const requeue = serial('requeue')(half);
  requeue.observe(10, ended('rejected'), 0);
  expect(requeue.decide(10, idle)).toEqual({ kind: 'wait', until: 1010 });
});

test('AIMD adds one while at least half of the limit is used, and cuts to 0.9 but never below its floor', () => {
  const library = aimd({ ...AIMD_LIBRARY, min: 10 })(half);
  library.observe(0, ended('accepted'), 9);
  expect(free(library, 0)).toBe(21);
  library.observe(0, ended('accepted'), 2);
  expect(free(library, 0)).toBe(21);
  library.observe(0, ended('rejected'), 0);
  expect(free(library, 0)).toBe(18);
  for (let i = 0; i < 20; i++) library.observe(0, ended('rejected'), 0);
  expect(free(library, 0)).toBe(10);
});

test('AIMD with backoff halves once a round trip, and rests', () => {
  const rival = aimd({ ...AIMD_WITH_BACKOFF, initial: 20 })(half);
  rival.observe(100, ended('rejected'), 19);
  rival.observe(110, ended('rejected', { sentAt: 50 }), 18);
  expect(free(rival, 0, 599)).toBe('wait');
  expect(free(rival, 0, 600)).toBe(10);
});

test('Gradient2 grows by a fifth of its queue allowance while latency is level, and sinks when it doubles', () => {
  const long = new LongAverage();
  expect(gradientLimit(50, long, 100, 50)).toBeCloseTo(50.8);
  expect(gradientLimit(50, long, 100, 10)).toBe(50);
  for (let i = 0; i < 20; i++) gradientLimit(50, long, 100, 50);
  expect(gradientLimit(50, long, 400, 50)).toBeLessThan(46);
});

test('the SDK limiter is off until a throttle, then starts at 0.7 of what it measured', () => {
  const rate = new AdaptiveRate();
  for (let at = 0; at <= 1000; at += 50) rate.answered(at, false);
  expect(rate.isOn).toBe(false);
  rate.answered(1010, true);
  expect(rate.isOn).toBe(true);
  expect(rate.rate).toBeGreaterThan(10);
  expect(rate.rate).toBeLessThan(15);
  expect(rate.nextAt(1010)).toBeGreaterThan(1010);
});

test('CUBIC starts at 0.7 of the old rate and is back there after K seconds', () => {
  expect(cubicRate(10, 0)).toBeCloseTo(7);
  expect(cubicRate(10, Math.cbrt((10 * 0.3) / 0.4))).toBeCloseTo(10);
});

test('throttling refuses by (R - 2A) / (R + 1), over two minutes', () => {
  const window = new TwoMinutes();
  for (let i = 0; i < 9; i++) window.request(1000);
  window.accept(1000);
  expect(window.refusal(2000)).toBeCloseTo(0.7);
  expect(window.refusal(119_000)).toBeCloseTo(0.7);
  expect(window.refusal(121_000)).toBe(0);
});

test('a reconnect jitter delays the first send alone', () => {
  const rival = withReconnectJitter(10_000, fireAll({ jitter: false }))(half);
  rival.connectivity?.(1000, 'online');
  expect(rival.decide(1000, idle)).toEqual({ kind: 'wait', until: 6000 });
  expect(free(rival, 0, 6000)).toBe(Infinity);
  expect(free(withReconnectJitter(10_000, fireAll({ jitter: false }))(randomOf(1)), 0)).toBe(Infinity);
});
