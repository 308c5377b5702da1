import { burst, countsOf, drained, expect, expectEachOnce, test } from './fixtures.js';

test('a service that is gone for longer than all attempts kills no job and gets each once', async ({
  origin,
  open,
}) => {
  const backoff = { baseMs: 100, maxMs: 200 };
  const page = await open({ settings: { queues: { orders: { maxAttempts: 3, backoff, concurrency: 4 } } } });
  await origin.down();
  await burst(page, 200);
  // Probing: well past the attempts that any one job has.
  await expect
    .poll(() => page.evaluate(async () => sluice.snapshot().queues.orders?.status.kind), { timeout: 30_000 })
    .toBe('probing');
  for (let tries = 0; tries < 6; tries++) {
    const sends = async () => (await countsOf(page))?.sends ?? 0;
    const before = await sends();
    await page.evaluate(() => sluice.nudge('orders'));
    await expect.poll(sends, { timeout: 30_000 }).toBeGreaterThan(before);
  }
  expect(await countsOf(page)).toMatchObject({ accepted: 200, done: 0, dead: {}, cancelled: {} });
  await origin.up();
  await page.evaluate(() => sluice.nudge('orders'));
  await drained(page);
  expectEachOnce(origin, 200);
  expect(await countsOf(page)).toMatchObject({ accepted: 200, done: 200, dead: {} });
});

test('accepting takes no notice of the service', async ({ origin, open }) => {
  const page = await open();
  origin.set({ fault: { kind: 'reset' } });
  const [ticket = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.get(ticket), ticket)).toMatchObject({ ticket });
});

test('an answer that never comes is a timeout, and the next attempt carries the same key', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: { queues: { orders: { timeoutMs: 500, backoff: { baseMs: 50, maxMs: 50 } } } },
  });
  origin.set({ fault: { kind: 'drop', times: 1 } });
  const [ticket = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
  const [first, second] = origin.arrivals;
  expect(first?.idempotencyKey).toBe(second?.idempotencyKey);
  expect(origin.duplicates).toBe(1);
});
