import { expect, test } from 'vitest';
import { judge, ledBy } from './judge.js';

const request = new Request('https://api.test/orders', { method: 'POST' });
const { signal } = new AbortController();

/** An answer that came from another URL than the one that was asked. */
const redirected = (url: string, status = 200): Response =>
  Object.defineProperties(new Response(null, { status }), {
    url: { value: url },
    redirected: { value: true },
  });

test('an answer whose copy nobody has read can be let go of', async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    cancel: () => {
      isCancelled = true;
    },
  });
  const response = new Response(body);
  expect(await judge(response, { expect: ({ ok }) => ok, signal })).toBeUndefined();
  await response.body?.cancel();
  expect(isCancelled).toBe(true);
});

test('a write that is redirected is led within its origin, or away from it', () => {
  expect(ledBy(redirected('https://api.test/login'), request)).toBe('within');
  expect(ledBy(redirected('https://portal.test/'), request)).toBe('away');
  expect(ledBy(new Response(), request)).toBeUndefined();
});

test.each(['GET', 'HEAD'])('%s is a read already, and a redirect changes nothing', (method) => {
  const read = new Request('https://api.test/orders', { method });
  expect(ledBy(redirected('https://api.test/login'), read)).toBeUndefined();
});
