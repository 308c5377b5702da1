import { burst, countsOf, expect, type Page, test } from './fixtures.js';

const slow = { rate: { limit: 1, perMs: 60_000 } };

/** One is sent at once; the minute after it is ours. */
async function sendOne(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { ticket } = await sluice.enqueue(new Request('/api/orders', { method: 'POST', body: 'first' }));
    await sluice.settled(ticket);
    await sluice.pause('orders');
  });
}

test('a full queue refuses with 503, a code and when to come again', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { ...slow, maxJobs: 3 } } } });
  await sendOne(page);
  await burst(page, 3);
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
  await sendOne(page);
  const tickets: string[] = [];
  for (let i = 0; i < 4; i++) tickets.push(...(await burst(page, 1)));
  const outcomes = await page.evaluate(
    (tickets) => Promise.all(tickets.map((ticket) => sluice.settled(ticket))),
    tickets.slice(0, 2),
  );
  expect(outcomes).toMatchObject([
    { kind: 'cancelled', reason: 'shed' },
    { kind: 'cancelled', reason: 'shed' },
  ]);
  expect(await countsOf(page)).toMatchObject({ accepted: 5, done: 1, waiting: 2, cancelled: { shed: 2 } });
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
