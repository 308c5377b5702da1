import { burst, countsOf, drained, expect, expectEachOnce, sendsOf, test } from './fixtures.js';

test('in a storm of Retry-After no send begins between a freeze and its end', async ({ origin, open }) => {
  const rate = { limit: 40, perMs: 1000, burst: 10 };
  const page = await open({ settings: { queues: { orders: { rate, concurrency: 10, maxAttempts: 2 } } } });
  await page.evaluate(() => {
    const freezes: { told: number; until: number }[] = [];
    sluice.on('frozen', ({ until }) => freezes.push({ told: Date.now(), until }));
    Object.assign(globalThis, { freezes });
  });
  origin.set({ fault: { kind: 'status', status: 429, retryAfter: '1', times: 25 } });
  await burst(page, 60);
  await drained(page);
  const freezes = await page.evaluate(
    () => (globalThis as unknown as { freezes: { told: number; until: number }[] }).freezes,
  );
  expect(freezes.length).toBeGreaterThan(0);
  // When it left, by the log: the network may deliver much later what left in time.
  const sends = await sendsOf(page);
  const leftAt = origin.arrivals.map(({ idempotencyKey, at: arrivedAt }) => {
    const send = sends.findLast((one) => one.idempotencyKey === idempotencyKey && one.at <= arrivedAt);
    return send?.at ?? Number.NaN;
  });
  expect(leftAt).not.toContain(Number.NaN);
  for (const { told, until } of freezes) {
    expect(leftAt.filter((at) => at > told && at < until)).toEqual([]);
  }
  expectEachOnce(origin, 60);
  // Two attempts at most, and yet none is dead: throttling spends none.
  expect(await countsOf(page)).toMatchObject({ done: 60, dead: {} });
});
