import { expect, test } from 'vitest';
import { fixedWindow, tokenBucket } from './quota.js';

const statuses = (service: ReturnType<typeof tokenBucket>, instants: number[]) =>
  instants.map((now) => service.arrive(now).status);

test('a fixed window forgets at its end', () => {
  const service = fixedWindow({ limit: 2, perMs: 1000 }, 'nothing', 500);
  expect(statuses(service, [600, 700, 800, 1499, 1500])).toEqual([200, 200, 429, 429, 200]);
});

test('a token bucket lets a bucketful through, then one at a time', () => {
  const service = tokenBucket({ limit: 2, perMs: 1000 }, 'nothing');
  expect(statuses(service, [0, 0, 0, 500, 900, 1000])).toEqual([200, 200, 429, 200, 429, 200]);
});

test('headers tell what is left, in whole seconds, and a rejection when to come back', () => {
  const service = fixedWindow({ limit: 1, perMs: 10_000 }, 'headers', 0);
  expect(service.arrive(2500).headers).toEqual([
    ['ratelimit', '"default";r=0;t=8'],
    ['ratelimit-policy', '"default";q=1;w=10'],
  ]);
  expect(service.arrive(2500).headers[0]).toEqual(['retry-after', '8']);
});
