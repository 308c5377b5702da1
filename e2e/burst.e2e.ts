import {
  burst,
  connected,
  countsOf,
  drained,
  expect,
  expectEachOnce,
  expectNeverFaster,
  test,
} from './fixtures.js';

const rate = { limit: 100, perMs: 2000, burst: 5 };

test('a burst of 500 reaches the service at its own pace, all of it, once', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { rate, concurrency: 6 } } } });
  const tickets = await burst(page, 500);
  expect(new Set(tickets).size).toBe(500);
  await drained(page);
  expectEachOnce(origin, 500);
  expect(await countsOf(page)).toMatchObject({ accepted: 500, done: 500, waiting: 0, leased: 0, dead: {} });
  await expectNeverFaster(page, origin, rate);
});

test('a receipt tells ticket, queue, depth and when to expect the send', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  const receipt = await page.evaluate(async () => {
    await fetch('/api/orders', { method: 'POST', body: 'first' });
    const response = await fetch('/api/orders', { method: 'POST', body: 'second' });
    const { status, headers } = response;
    return { status, type: headers.get('Content-Type'), body: await response.json(), now: Date.now() };
  });
  expect(receipt).toMatchObject({
    status: 202,
    type: 'application/json',
    body: { ticket: expect.stringContaining('orders.'), queue: 'orders', state: 'waiting' },
  });
  expect(receipt.body.depth).toBeGreaterThanOrEqual(1);
  expect(receipt.body.estimatedStartAt).toBeGreaterThan(receipt.now);
});

test('settled gives the real status, headers and body, also after a reload', async ({ origin, open }) => {
  const page = await open();
  origin.set({
    answer: { status: 201, headers: { 'X-Order': '42', 'Content-Type': 'text/plain' }, body: 'made' },
  });
  const [ticket = ''] = await burst(page, 1);
  const settledIn = () =>
    page.evaluate(async (ticket) => {
      const outcome = await sluice.settled(ticket);
      if (outcome.kind !== 'done') return outcome;
      const { status, headers, body } = outcome.response;
      return { status, order: new Headers(headers).get('X-Order'), body: new TextDecoder().decode(body) };
    }, ticket);
  const expected = { status: 201, order: '42', body: 'made' };
  expect(await settledIn()).toEqual(expected);
  await page.reload();
  await connected(page);
  expect(await settledIn()).toEqual(expected);
});

test('a ticket that was never given settles as unknown', async ({ open }) => {
  const page = await open();
  expect(await page.evaluate(() => sluice.settled('orders.7.nothing'))).toMatchObject({ kind: 'unknown' });
});

test('thousands are enqueued in one transaction, in order', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  const seqs = await page.evaluate(async () => {
    const requests = Array.from(
      { length: 2000 },
      (_, i) => new Request('/api/orders', { method: 'POST', body: `${i}` }),
    );
    const receipts = await sluice.enqueue(requests);
    return receipts.map(({ ticket }) => Number(ticket.split('.')[1]));
  });
  expect(seqs).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  expect(await countsOf(page)).toMatchObject({ accepted: 2000 });
});
