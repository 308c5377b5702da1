import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createServiceLine, type ServiceLine } from './service-line.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Enters three requests and answers the names of those that left the line, as they leave. */
function crowd(line: ServiceLine): string[] {
  const left: string[] = [];
  for (const name of ['first', 'second', 'third']) {
    void line.enter(10)?.then((served) => left.push(served ? name : `${name} unserved`));
  }
  return left;
}

test('serves those who wait in their order, one per slot', async () => {
  const line = createServiceLine(10);
  const served = crowd(line);
  await vi.advanceTimersByTimeAsync(0);
  expect(served).toEqual(['first']);
  await vi.advanceTimersByTimeAsync(101);
  expect(served).toEqual(['first', 'second']);
  await vi.advanceTimersByTimeAsync(101);
  expect(served).toEqual(['first', 'second', 'third']);
  expect(vi.getTimerCount()).toBe(0);
});

test('refuses whoever finds the line full', () => {
  const line = createServiceLine(10);
  crowd(line);
  expect(line.waiting).toBe(2);
  expect(line.enter(2)).toBeUndefined();
});

test('serves those who wait at a new rate at once', async () => {
  const line = createServiceLine(0.001);
  const served = crowd(line);
  line.setRate(Number.POSITIVE_INFINITY);
  await vi.advanceTimersByTimeAsync(0);
  expect(served).toEqual(['first', 'second', 'third']);
});

test('rests while the next slot is further away than a timer reaches', async () => {
  const line = createServiceLine(1e-9);
  const served = crowd(line);
  const armed = vi.spyOn(globalThis, 'setTimeout');
  await vi.advanceTimersByTimeAsync(1000);
  expect(armed).not.toHaveBeenCalled();
  expect(served).toEqual(['first']);
});

test('sends everybody away when it is emptied, and leaves no timer', async () => {
  const line = createServiceLine(10);
  const left = crowd(line);
  line.empty();
  await vi.advanceTimersByTimeAsync(0);
  expect(left).toEqual(['first', 'second unserved', 'third unserved']);
  expect(line.waiting).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  expect(line.enter(1)).toBeInstanceOf(Promise);
});
