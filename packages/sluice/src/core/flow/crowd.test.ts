import { expect, test } from 'vitest';
import { decide } from './decide.js';
import { event } from './event.js';
import { observe } from './observe.js';
import { sent } from './sent.js';
import { type Flow, type FlowConfig, newFlow, rateOf } from './state.js';

// What simulated crowds taught (packages/bench/src/fleet): each of these costs a fleet a fifth of its capacity or more.

const config: FlowConfig = {
  ceilingPerSecond: 20,
  isConfigured: false,
  burst: 10,
  concurrency: 6,
  adaptive: true,
};
const half = () => 0.5;
const view = { queued: 100, inFlight: 0 };
const T = 1_000_000;

const answered = (flow: Flow, now: number, kind: 'accepted' | 'rejected', sentAt = now - 100) =>
  observe(flow, config, now, { kind, sentAt, rttMs: now - sentAt, endsRetry: false }, 0, half);
const send = (flow: Flow, now: number, n = 1) => sent(flow, config, now, n, half);
const away = (ms: number) => event(event(newFlow(), T - ms, 'offline', half), T, 'online', half);

test('after a long absence a client waits for its turn in the crowd, and then sends one job', () => {
  const back = away(100_000);
  expect(decide(back, config, T, view)).toMatchObject({ kind: 'wait', until: T + 5000 });
  expect(decide(back, config, T + 5000, view)).toMatchObject({ kind: 'send', n: 1 });
  expect(decide(back, config, T + 5000, { ...view, inFlight: 1 })).toEqual({ kind: 'hold' });
});

test('after a short absence it goes on as before', () => {
  const back = away(10_000);
  expect(decide(back, config, T + 1000, view)).toMatchObject({ kind: 'send', n: 6 });
});

test('a probe that is rejected makes the next one wait longer, like one that fails', () => {
  const probing = send(away(100_000), T + 5000);
  const rejected = answered(probing, T + 5100, 'rejected', T + 5000);
  expect(rejected.phase).toMatchObject({ kind: 'probe', tries: 1 });
  expect(decide(rejected, config, T + 5100, view)).toMatchObject({ kind: 'wait', why: 'probe' });
});

test('after the first success it starts at one send in two seconds', () => {
  const started = answered(send(away(100_000), T + 5000), T + 5100, 'accepted', T + 5000);
  expect(rateOf(started, config, T + 5100)).toBe(0.5);
});

test('the start rate grows before anything was rejected', () => {
  let flow = send(newFlow(), T, 10);
  flow = answered(flow, T + 100, 'accepted', T);
  expect(rateOf(flow, config, T + 100)).toBe(10);
  flow = answered(flow, T + 1100, 'accepted', T);
  expect(rateOf(flow, config, T + 1100)).toBe(20);
});

test('what is owed to the pace is owed in sends: at twice the rate it takes half as long', () => {
  let flow = send(newFlow(), T, 10);
  flow = answered(flow, T + 100, 'accepted', T);
  expect(flow.nextAt).toBe(T + 1000);
  flow = send(flow, T + 1000, 10);
  expect(flow.nextAt).toBe(T + 2000);
  flow = answered(flow, T + 1200, 'accepted', T);
  expect([rateOf(flow, config, T + 1200), flow.nextAt]).toEqual([20, T + 1600]);
});

test('a cut sets a goal below the rate that was too much', () => {
  const cut = answered(send(newFlow(), T, 10), T + 100, 'rejected', T);
  expect([rateOf(cut, config, T + 100), cut.cut.target]).toEqual([6, 8]);
});

test('after a run of rejections the way back takes as long as the rate regained asks for, not the lowest', () => {
  let flow: Flow = { ...newFlow(), rate: 0.3 };
  for (const at of [0, 1, 2, 3, 4, 5])
    flow = answered(flow, T + 20_000 * at, 'rejected', T + 20_000 * at - 100);
  const back = answered(flow, T + 200_000, 'accepted');
  expect(flow.cut.recoveryMs).toBeCloseTo(1.25 * 60_000);
  expect(back.cut.recoveryMs).toBeCloseTo(1.25 * (2000 / rateOf(back, config, T + 200_000)));
});

test('one stray rejection costs a configured rate a twentieth, and a second one in a row what any costs', () => {
  const configured = { ...config, ceilingPerSecond: 10, isConfigured: true };
  const answer = (flow: Flow, now: number, kind: 'accepted' | 'rejected') =>
    observe(flow, configured, now, { kind, sentAt: now - 100, rttMs: 100, endsRetry: false }, 0, half);
  let flow = newFlow();
  for (let i = 1; i <= 400; i++) flow = answer(flow, T + 100 * i, 'accepted');
  const stray = answer(flow, T + 40_100, 'rejected');
  expect([rateOf(stray, configured, T + 40_100), stray.cut.target]).toEqual([9.5, 10]);
  expect(rateOf(answer(stray, T + 40_300, 'rejected'), configured, T + 40_300)).toBeCloseTo(9.5 * 0.65);
});
