import { expect, test, vi } from 'vitest';
import type { Controls } from './controls.js';
import { loadOnce, whenLoaded } from './load-controls.js';

const controls = { counts: async () => ({}) } as unknown as Controls;

test('is loaded once, whoever asks', async () => {
  let loads = 0;
  const page = whenLoaded(
    loadOnce(async () => {
      loads += 1;
      return controls;
    }),
  );
  expect(await Promise.all([page.counts(), page.counts()])).toEqual([{}, {}]);
  expect(loads).toBe(1);
});

test('what did not come is told by code, and asked for again by the next', async () => {
  const answers = [Promise.reject(new TypeError('offline')), Promise.resolve(controls)];
  const page = whenLoaded(loadOnce(() => answers.shift() as Promise<Controls>));
  await expect(page.counts()).rejects.toMatchObject({ code: 'script-failed' });
  expect(await page.counts()).toEqual({});
});

test('what never comes is told after five seconds, and asked for again by the next', async () => {
  vi.useFakeTimers();
  const answers = [new Promise<Controls>(() => undefined), Promise.resolve(controls)];
  const page = whenLoaded(loadOnce(() => answers.shift() as Promise<Controls>));
  const told = expect(page.counts()).rejects.toMatchObject({
    code: 'script-failed',
    message: expect.stringContaining('did not answer within 5000 ms'),
  });
  await vi.advanceTimersByTimeAsync(5000);
  await told;
  expect(await page.counts()).toEqual({});
  vi.useRealTimers();
});
