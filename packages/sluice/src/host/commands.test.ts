import { expect, test } from 'vitest';
import { testSluice } from '../testing/index.js';

const match = ({ method }: { method: string }): boolean => method === 'POST';

test('setPolicy holds a patch against the rules of its own queue', async () => {
  const backoff = { baseMs: 10, maxMs: 100 };
  const { sluice } = await testSluice(
    { queues: { orders: { match, backoff } } },
    { fetch: () => new Response() },
  );
  await sluice.setPolicy('orders', { backoff: { maxMs: 500 } });
  await expect(sluice.setPolicy('orders', { backoff: { maxMs: 5 } })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining('backoff.baseMs is 10; allowed: at most backoff.maxMs, 5'),
  });
  // A patch takes the place of the one before: the longest wait is 100 ms again.
  await expect(sluice.setPolicy('orders', { backoff: { baseMs: 400 } })).rejects.toMatchObject({
    code: 'config-invalid',
    value: 400,
  });
});

test('setPolicy says of a queue that there is none, and of a patch that it is none', async () => {
  const { sluice } = await testSluice({ queues: { orders: { match } } }, { fetch: () => new Response() });
  const set = (queue: string, patch: object) => sluice.setPolicy(queue as 'orders', patch);
  await expect(set('others', { maxJobs: 1 })).rejects.toMatchObject({ code: 'queue-unknown' });
  await expect(set('others', { maxJobs: 0 })).rejects.toMatchObject({ code: 'config-invalid' });
});
