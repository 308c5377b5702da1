import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepTrying, whenActivated, whenDue } from './presence.js';

let page: EventTarget & { visibilityState: string; prerendering?: boolean };

beforeEach(() => {
  vi.useFakeTimers();
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const windowEvents = new EventTarget();
  vi.stubGlobal('document', page);
  vi.stubGlobal('addEventListener', windowEvents.addEventListener.bind(windowEvents));
  vi.stubGlobal('dispatchEvent', windowEvents.dispatchEvent.bind(windowEvents));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function due(ms: number, signal: AbortSignal = new AbortController().signal): () => boolean {
  let isDue = false;
  void whenDue(ms, signal).then(() => (isDue = true));
  return () => isDue;
}

test('it is due after its time, shown or not, online or not', async () => {
  page.visibilityState = 'hidden';
  const isDue = due(1000);
  await vi.advanceTimersByTimeAsync(999);
  expect(isDue()).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isDue()).toBe(true);
});

test('a page that is shown does not wait for the rest of a long pause, and one that is hidden does', async () => {
  const isDue = due(300_000);
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(0);
  expect(isDue()).toBe(false);
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(0);
  expect(isDue()).toBe(true);
});

test('a page that comes online does not wait either', async () => {
  const isDue = due(300_000);
  dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(0);
  expect(isDue()).toBe(true);
});

test('it is due at once where it is called off', async () => {
  const stop = new AbortController();
  const isDue = due(300_000, stop.signal);
  stop.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(isDue()).toBe(true);
});

test('an attempt is repeated after 1, 2, 4 ... s and five minutes at most, until it succeeds', async () => {
  const pauses: number[] = [];
  const wait = async (ms: number): Promise<void> => void pauses.push(ms);
  let left = 12;
  await keepTrying(async () => --left === 0, { due: wait, signal: new AbortController().signal });
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000));
});

test('a page that is prerendered is waited for until it is shown', async () => {
  page.prerendering = true;
  let isShown = false;
  void whenActivated().then(() => (isShown = true));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(isShown).toBe(false);
  page.dispatchEvent(new Event('prerenderingchange'));
  await vi.advanceTimersByTimeAsync(0);
  expect(isShown).toBe(true);
});
