import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { unlessLeft } from './unless-left.js';

const sender = (clock: FakeClock, answer: () => Promise<Response>) => {
  const { fetch } = unlessLeft({ clock, fetch: (_request: Request, _init: RequestInit) => answer() });
  return (signal: AbortSignal) => fetch(new Request('https://app.test/'), { signal });
};
const failing = (clock: FakeClock) => sender(clock, () => Promise.reject(new TypeError('Load failed')));

test('a failure is told a second later, since its page may be about to end', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const sent = failing(clock)(new AbortController().signal).catch((error: unknown) =>
    told.push(String(error)),
  );
  await clock.advance(999);
  expect(told).toEqual([]);
  await clock.advance(1);
  await sent;
  expect(told).toEqual(['TypeError: Load failed']);
});

test.each([
  'Failed to fetch',
  'Failed to fetch (api.test)',
  'NetworkError when attempting to fetch resource.',
])('an engine that ends its workers before it fails their sends is believed at once: %s', async (message) => {
  const sent = sender(new FakeClock(), () => Promise.reject(new TypeError(message)));
  await expect(sent(new AbortController().signal)).rejects.toThrow(message);
});

test('whoever stops the send is told at once', async () => {
  const stop = new AbortController();
  const sent = failing(new FakeClock())(stop.signal);
  stop.abort();
  await expect(sent).rejects.toThrow('Load failed');
});

test('an answer is not held up', async () => {
  const send = sender(new FakeClock(), async () => new Response('done'));
  expect(await (await send(new AbortController().signal)).text()).toBe('done');
});
