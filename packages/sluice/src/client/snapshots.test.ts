import { expect, test } from 'vitest';
import { testSluice } from '../testing/index.js';

test('a freeze is shown until it is over, and no longer: also of a queue with nothing left to send', async () => {
  const orders = { match: ({ method }: { method: string }) => method === 'POST' };
  const { sluice, clock } = await testSluice(
    { queues: { orders } },
    { fetch: () => new Response(null, { status: 429, headers: { 'Retry-After': '30' } }) },
  );
  const request = new Request('https://app.test/orders', { method: 'POST', body: 'x' });
  const [receipt] = await sluice.enqueue([request]);
  await clock.advance(1000);
  await sluice.cancel(receipt?.ticket ?? '');
  await clock.advance(1000);
  expect(sluice.snapshot().queues.orders).toMatchObject({ depth: 0, status: { kind: 'frozen' } });
  let redraws = 0;
  sluice.subscribe(() => (redraws += 1));
  await clock.advance(60_000);
  expect(sluice.snapshot().queues.orders).toMatchObject({ status: { kind: 'idle' } });
  expect(redraws).toBe(1);
});
