import type { Page } from '@playwright/test';
import { countsOf, drained, expect, type Origin, test } from './fixtures.js';

/** Plain POSTs with these bodies, while the queue is paused, then resumed. */
async function sendAll(page: Page, bodies: readonly object[]): Promise<string[]> {
  await page.evaluate(() => sluice.pause());
  const tickets = await page.evaluate(async (bodies) => {
    const tickets: string[] = [];
    for (const body of bodies) {
      const response = await fetch('/api/orders', { method: 'POST', body: JSON.stringify(body) });
      tickets.push(response.headers.get('Sluice-Ticket') ?? `status ${response.status}`);
    }
    return tickets;
  }, bodies);
  await page.evaluate(() => sluice.resume());
  return tickets;
}

const arrived = (origin: Origin) =>
  origin.arrivals.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

test('a higher priority goes first, whatever came before it', async ({ origin, open }) => {
  const page = await open({
    settings: { queues: { orders: { concurrency: 1, functions: ['priority:json.priority'] } } },
  });
  await sendAll(page, [{ n: 1 }, { n: 2 }, { n: 3, priority: 5 }]);
  await drained(page);
  expect(arrived(origin).map(({ n }) => n)).toEqual([3, 1, 2]);
});

test('keys take turns: a bulk import does not hold up a form', async ({ origin, open }) => {
  const page = await open({
    settings: { queues: { orders: { concurrency: 1, functions: ['fairnessKey:json.key'] } } },
  });
  const bulk = Array.from({ length: 6 }, (_, n) => ({ key: 'bulk', n }));
  await sendAll(page, [...bulk, { key: 'form', n: 0 }]);
  await drained(page);
  expect(arrived(origin).findIndex(({ key }) => key === 'form')).toBe(1);
});

test('the same thing again gets the ticket of the first, and is sent once', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { functions: ['dedupeKey:json.key'] } } } });
  const tickets = await sendAll(page, [{ key: 'a' }, { key: 'b' }, { key: 'a' }]);
  expect(tickets[2]).toBe(tickets[0]);
  await drained(page);
  expect(await countsOf(page)).toMatchObject({ accepted: 2, deduplicated: 1, done: 2 });
  expect(origin.arrivals).toHaveLength(2);
});

test('newer ones are merged into what waits, and two that undo each other are not sent at all', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: { queues: { orders: { functions: ['dedupeKey:json.key', 'coalesce:sum'] } } },
  });
  const [first = '', second = '', , liked = ''] = await sendAll(page, [
    { key: 'cart', n: 1 },
    { key: 'cart', n: 2 },
    { key: 'cart', n: 4 },
    { key: 'like', n: 1 },
    { key: 'like', n: -1 },
  ]);
  await drained(page);
  expect(arrived(origin)).toEqual([{ key: 'cart', n: 7 }]);
  for (const ticket of [first, second, liked])
    expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({
      kind: 'cancelled',
      reason: 'merged',
    });
});

test('many jobs go in one request, and each is settled by its own part of the answer', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { functions: ['batch:list'] } } } });
  const parts = [{ status: 201 }, { status: 422 }, { status: 200, body: 'three' }];
  origin.set({ answer: { status: 207, body: JSON.stringify(parts) } });
  const [one = '', two = '', three = ''] = await sendAll(page, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  const ends = await page.evaluate(
    (tickets) => Promise.all(tickets.map((ticket) => sluice.settled(ticket))),
    [one, two, three],
  );
  expect(ends).toMatchObject([
    { kind: 'done', response: { status: 201 } },
    { kind: 'dead', reason: 'rejected' },
    { kind: 'done', response: { status: 200 } },
  ]);
  expect(origin.arrivals).toMatchObject([{ url: '/api/bulk', body: '[{"n":1},{"n":2},{"n":3}]' }]);
});

test('a job that comes after another is sent with the id that the service gave, also after a reload', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { functions: ['rewrite:id'] } } } });
  origin.set({ answer: { status: 201, body: '{"id":42}' } });
  const photo = await page.evaluate(async () => {
    await sluice.pause();
    const options = { method: 'POST', body: '1' };
    const made = await sluice.enqueue(new Request('/api/orders', options));
    const after = { after: made.ticket };
    return (await sluice.enqueue(new Request('/api/orders/temporary/photo', options), after)).ticket;
  });
  await page.reload();
  await page.waitForFunction(() => 'sluice' in globalThis);
  expect(await page.evaluate((ticket) => sluice.get(ticket), photo)).toMatchObject({ parked: 'after' });
  await page.evaluate(() => sluice.resume());
  await drained(page);
  expect(origin.arrivals).toMatchObject([
    { url: '/api/orders', body: '1' },
    { url: '/api/orders/42/photo', body: 'photo for 1' },
  ]);
});

test('a held job waits for its release, a later one for its instant', async ({ origin, open }) => {
  const page = await open();
  const { held, later } = await page.evaluate(async () => {
    const send = (job: object) => sluice.fetch('/api/orders', { method: 'POST', body: 'x', job });
    const ticketOf = (response: Response) => response.headers.get('Sluice-Ticket') ?? '';
    const held = ticketOf(await send({ held: true }));
    const later = ticketOf(await send({ notBefore: Date.now() + 1000 }));
    return { held, later };
  });
  await page.evaluate((ticket) => sluice.settled(ticket), later);
  expect(origin.arrivals).toHaveLength(1);
  expect(await page.evaluate((ticket) => sluice.get(ticket), held)).toMatchObject({
    state: 'waiting',
    parked: 'held',
  });
  await page.evaluate((ticket) => sluice.release(ticket), held);
  await drained(page);
  expect(origin.arrivals).toHaveLength(2);
});

test('an option that is not allowed is refused by name, and nothing is stored', async ({ open }) => {
  const page = await open();
  const told = await page.evaluate(async () => {
    const response = await sluice.fetch('/api/orders', { method: 'POST', job: { priority: 99 } });
    return { status: response.status, problem: (await response.json()) as object };
  });
  expect(told).toMatchObject({
    status: 503,
    problem: {
      code: 'config-invalid',
      detail: expect.stringMatching(/priority is 99; allowed: a whole number/),
    },
  });
  expect(await countsOf(page)).toMatchObject({ accepted: 0 });
});

test('two queues keep the rate of their destination together', async ({ origin, open }) => {
  const limit = { limit: 3, perMs: 60_000, burst: 3 };
  const match = (url: string) => ({ match: { method: 'POST', url } });
  const page = await open({
    settings: {
      limits: { [origin.url]: limit },
      queues: { orders: match('/api/orders'), photos: match('/api/photos') },
    },
  });
  await page.evaluate(async () => {
    for (const url of ['/api/orders', '/api/photos', '/api/orders', '/api/photos'])
      await fetch(url, { method: 'POST', body: 'x' });
  });
  await origin.waitFor(({ arrivals }) => arrivals.length === 3);
  await expect.poll(() => page.evaluate(() => sluice.snapshot().depth)).toBe(1);
});
