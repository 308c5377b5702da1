import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClock } from './clock.js';

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** The wall clock alone moves: somebody sets it, or the machine sleeps, and the monotonic one stands still. */
function setWall(byMs: number): void {
  vi.setSystemTime(Date.now() + byMs);
}

test('the wall clock is followed once it is a second away, and each time is counted', () => {
  const clock = createClock();
  setWall(900);
  expect(Date.now() - clock.now()).toBe(900);
  expect(clock.epoch()).toBe(0);
  setWall(8 * HOUR_MS);
  expect(Date.now() - clock.now()).toBe(0);
  expect(clock.epoch()).toBe(1);
});

test('what falls due while the machine sleeps is called within a minute after', async () => {
  const clock = createClock();
  const callback = vi.fn();
  clock.at(clock.now() + 8 * HOUR_MS, callback);
  setWall(9 * HOUR_MS);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(callback).toHaveBeenCalledOnce();
});

test('a clock that is set back holds nothing up', async () => {
  const clock = createClock();
  const callback = vi.fn();
  clock.at(clock.now() + 5000, callback);
  setWall(-HOUR_MS);
  clock.now();
  await vi.advanceTimersByTimeAsync(4999);
  expect(callback).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(callback).toHaveBeenCalledOnce();
});

test('a delay beyond what a timer can hold is waited for to its end', async () => {
  const clock = createClock();
  const callback = vi.fn();
  const monthMs = 30 * 24 * HOUR_MS;
  clock.at(clock.now() + monthMs, callback);
  await vi.advanceTimersByTimeAsync(monthMs - 1);
  expect(callback).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(callback).toHaveBeenCalledOnce();
});
