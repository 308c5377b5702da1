import { expect, test } from 'vitest';
import { judge } from './judge.js';

const request = new Request('https://api.test/orders', { method: 'POST' });
const { signal } = new AbortController();

test('an answer whose copy nobody has read can be let go of', async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    cancel: () => {
      isCancelled = true;
    },
  });
  const response = new Response(body);
  expect(await judge(response, { expect: ({ ok }) => ok, request, signal })).toBeUndefined();
  await response.body?.cancel();
  expect(isCancelled).toBe(true);
});
