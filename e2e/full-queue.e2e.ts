import { burst, countsOf, expect, test } from './fixtures.js';

const slow = { rate: { limit: 1, perMs: 60_000 } };

test('a full queue refuses with 503, a code and when to come again', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { ...slow, maxJobs: 3 } } } });
  await page.evaluate(() => sluice.enqueue(new Request('/api/orders', { method: 'POST', body: 'first' })));
  await page.evaluate(() => sluice.pause('orders'));
  const before = await countsOf(page);
  const room = 3 - (before?.waiting ?? 0) - (before?.leased ?? 0);
  await burst(page, room);
  const refusal = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'one too many' });
    const { status, headers } = response;
    return {
      status,
      type: headers.get('Content-Type'),
      retryAfter: headers.get('Retry-After'),
      body: await response.json(),
    };
  });
  expect(refusal).toMatchObject({
    status: 503,
    type: 'application/problem+json',
    retryAfter: '60',
    body: { code: 'queue-full', status: 503 },
  });
  const error = await page.evaluate(() =>
    sluice
      .enqueue(new Request('/api/orders', { method: 'POST' }))
      .catch((error: { code: string }) => error.code),
  );
  expect(error).toBe('queue-full');
  expect(await countsOf(page)).toMatchObject({ refused: 2 });
});

test('a queue that drops its oldest says so, and counts it', async ({ open }) => {
  const page = await open({
    settings: { queues: { orders: { ...slow, maxJobs: 2, whenFull: 'drop-oldest' } } },
  });
  await page.evaluate(() => sluice.pause().catch(() => undefined));
  const tickets = await burst(page, 5);
  const outcome = await page.evaluate((ticket) => sluice.settled(ticket), tickets[1] ?? '');
  expect(outcome).toMatchObject({ kind: 'cancelled', reason: 'shed' });
  const counts = await countsOf(page);
  expect(counts?.accepted).toBe(5);
  expect(
    (counts?.waiting ?? 0) + (counts?.leased ?? 0) + (counts?.done ?? 0) + (counts?.cancelled.shed ?? 0),
  ).toBe(5);
});

test('a body over the cap is refused with 413, and nothing is stored', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { maxBodyBytes: 10 } } } });
  const answer = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'more than ten bytes' });
    return { status: response.status, body: await response.json() };
  });
  expect(answer).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
  expect(origin.arrivals).toHaveLength(0);
  const status = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: '0123456789' });
    return response.status;
  });
  expect(status).toBe(202);
});
