import { expect, test } from 'vitest';
import type { QueueConfig } from '../core/config.js';
import { testSluice } from './index.js';

const API = 'https://api.test';
const place = { method: 'POST', body: 'an order' };

/** `/orders` of the app, made into a request to another origin that has a limit. */
async function sendsOf(count: number, change: Partial<QueueConfig>): Promise<number[]> {
  const sentAt: number[] = [];
  let now = (): number => 0;
  const { sluice, clock } = await testSluice(
    {
      limits: { [API]: { limit: 1, perMs: 1000 } },
      queues: { orders: { match: () => true, adaptive: false, concurrency: 6, ...change } },
    },
    {
      fetch: (request) => {
        if (request.url.startsWith(API)) sentAt.push(now());
        return new Response('[]', { status: 200 });
      },
    },
  );
  now = () => clock.now();
  const requests = Array.from({ length: count }, () => new Request('https://app.test/orders', place));
  await sluice.enqueue(requests);
  await clock.advance(20_000);
  expect(await sluice.counts()).toMatchObject({ orders: { done: count, waiting: 0 } });
  return sentAt;
}

const gapsOf = (sentAt: readonly number[]) => sentAt.slice(1).map((at, i) => at - (sentAt[i] as number));

test('the limit of a destination counts what `prepare` makes a request to', async () => {
  let prepared = 0;
  const sentAt = await sendsOf(6, {
    prepare: async (request) => {
      prepared += 1;
      const url = `${API}${new URL(request.url).pathname}`;
      return new Request(url, {
        method: request.method,
        headers: request.headers,
        body: await request.text(),
      });
    },
  });
  expect(sentAt).toHaveLength(6);
  expect(Math.min(...gapsOf(sentAt))).toBeGreaterThanOrEqual(1000);
  // Those that were claimed before it was known are prepared once more at the most.
  expect(prepared).toBeLessThanOrEqual(12);
});

test('and what `combine` makes one to', async () => {
  const sentAt = await sendsOf(9, {
    batch: {
      max: 3,
      combine: (requests) => ({ url: `${API}/all`, body: JSON.stringify(requests.length) }),
      split: (_, size) => Array.from({ length: size }, () => ({ status: 200 })),
    },
  });
  expect(sentAt).toHaveLength(3);
  expect(Math.min(...gapsOf(sentAt))).toBeGreaterThanOrEqual(1000);
});
