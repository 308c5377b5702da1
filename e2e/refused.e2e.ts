import { burst, countsOf, drained, expect, test } from './fixtures.js';

test('422 goes to dead letters with its answer, its neighbours pass, and it can be redriven', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { concurrency: 1 } } } });
  origin.set({ fault: { kind: 'status', status: 422, match: ({ body }) => body === 'order 2' } });
  const tickets = await burst(page, 5);
  await drained(page);
  expect(await countsOf(page)).toMatchObject({ done: 4, dead: { rejected: 1 } });
  const { jobs } = await page.evaluate(() => sluice.list({ queue: 'orders', state: 'dead' }));
  expect(jobs).toMatchObject([{ state: 'dead', reason: 'rejected', answer: { status: 422 } }]);
  const dead = jobs[0]?.ticket ?? '';
  expect(tickets).toContain(dead);
  expect(await page.evaluate((dead) => sluice.settled(dead), dead)).toMatchObject({
    kind: 'dead',
    reason: 'rejected',
    response: { status: 422 },
  });
  origin.set({ fault: undefined });
  await page.evaluate((dead) => sluice.redrive(dead), dead);
  await drained(page);
  expect(await page.evaluate((dead) => sluice.settled(dead), dead)).toMatchObject({ kind: 'done' });
  expect(await countsOf(page)).toMatchObject({ accepted: 5, done: 5, dead: { rejected: 0 } });
});

test('within an ordering key strictly in order, also after a failure; other keys go on', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: {
      queues: {
        orders: {
          functions: ['orderingKey:json.key'],
          concurrency: 6,
          maxAttempts: 1000,
          backoff: { baseMs: 300, maxMs: 300 },
        },
      },
    },
  });
  origin.set({ fault: { kind: 'status', status: 500, match: ({ body }) => body.includes('"a"') } });
  await page.evaluate(async () => {
    for (let n = 0; n < 4; n++) {
      for (const key of ['a', 'b'])
        await fetch('/api/orders', { method: 'POST', body: JSON.stringify({ key, n }) });
    }
  });
  const accepted = () =>
    origin.arrivals
      .filter(({ outcome }) => outcome === 'accepted')
      .map(({ body }) => JSON.parse(body) as { key: string; n: number });
  await origin.waitFor(() => accepted().length === 4);
  origin.set({ fault: undefined });
  await drained(page);
  const done = accepted();
  expect(done.filter(({ key }) => key === 'a').map(({ n }) => n)).toEqual([0, 1, 2, 3]);
  expect(done.filter(({ key }) => key === 'b').map(({ n }) => n)).toEqual([0, 1, 2, 3]);
  expect(done.map(({ key }) => key).join('')).toBe('bbbbaaaa');
});

test('401 holds the queue with no attempt spent, until there is a new context', async ({ origin, open }) => {
  const page = await open({
    settings: { queues: { orders: { functions: ['prepare:token'], maxAttempts: 1 } } },
  });
  const [ticket = ''] = await burst(page, 1);
  await expect
    .poll(() => page.evaluate(async () => sluice.snapshot().queues.orders?.status.kind))
    .toBe('sign-in');
  expect(origin.arrivals).toHaveLength(0);
  await page.evaluate(() => sluice.setContext({ token: 'fresh' }));
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
  expect(origin.arrivals[0]?.headers.authorization).toBe('Bearer fresh');
});

test('401 to an older token does not hold the queue for the newer one', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { functions: ['prepare:token'] } } } });
  await page.evaluate(() => sluice.setContext({ token: 'older' }));
  origin.set({ baseLatencyMs: 1000, answer: { status: 401 } });
  const [ticket = ''] = await burst(page, 1);
  // Read, and so refused, though not answered yet.
  await origin.waitFor(({ arrivals: [first] }) => first !== undefined && first.bodySha256 !== '');
  origin.set({ baseLatencyMs: 0, answer: undefined });
  await page.evaluate(() => sluice.setContext({ token: 'newer' }));
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
  const tokens = origin.arrivals.map(({ headers }) => headers.authorization);
  expect(tokens).toEqual(['Bearer older', 'Bearer newer']);
});
