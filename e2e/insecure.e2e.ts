import { connected, expect, type Origin, type Page, test, urlOf } from './fixtures.js';
import { INSECURE_HOST } from './hosts.js';
import type { Settings } from './pages/settings.js';

test.beforeEach(({ browserName }) => {
  test.skip(browserName === 'webkit', 'it is told no host names of ours');
});

async function openWithoutHttps(page: Page, origin: Origin, settings: Settings = {}): Promise<void> {
  await page.goto(urlOf(`${origin.url.replace('127.0.0.1', INSECURE_HOST)}/short/`, settings));
  await connected(page);
}

test('without HTTPS the worker of the page queues, and the page says what is missing', async ({
  page,
  origin,
}) => {
  await openWithoutHttps(page, origin);
  expect(await page.evaluate(() => sluice.snapshot())).toMatchObject({
    mode: 'page-only',
    problem: { code: 'insecure-context', message: expect.stringContaining(INSECURE_HOST) },
  });
  const outcome = await page.evaluate(async () => {
    const response = await sluice.fetch('/api/orders', { method: 'POST', body: 'x' });
    return sluice.settled(response.headers.get('Sluice-Ticket') ?? 'none');
  });
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(origin.arrivals).toMatchObject([{ idempotencyKey: expect.stringMatching(/^[\da-f-]{36}$/) }]);
});

test('without HTTPS many jobs are one request all the same', async ({ page, origin }) => {
  await openWithoutHttps(page, origin, { queues: { orders: { functions: ['batch:list'] } } });
  const parts = [{ status: 200 }, { status: 200 }, { status: 200 }];
  origin.set({ answer: { status: 207, body: JSON.stringify(parts) } });
  await page.evaluate(async () => {
    const order = (n: number) => new Request('/api/orders', { method: 'POST', body: String(n) });
    const receipts = await sluice.enqueue([1, 2, 3].map(order));
    await Promise.all(receipts.map(({ ticket }) => sluice.settled(ticket)));
  });
  expect(origin.arrivals.map(({ body }) => body)).toEqual(['[1,2,3]']);
});

test('without HTTPS nothing can be sealed: what has a secret is not stored, and the code says why', async ({
  page,
  origin,
}) => {
  await openWithoutHttps(page, origin);
  const codes = await page.evaluate(async () => {
    const order = { method: 'POST', body: 'x', headers: { Authorization: 'Bearer 1' } };
    const codeOf = (asked: Promise<unknown>) =>
      asked.then(
        () => 'none',
        (error: { code: string }) => error.code,
      );
    const { status } = await sluice.fetch('/api/orders', order);
    const stored = await codeOf(sluice.enqueue(new Request('/api/orders', order)));
    return [status, stored, await codeOf(sluice.setContext({ token: 'x' }))];
  });
  expect(codes).toEqual([200, 'insecure-context', 'insecure-context']);
  expect(origin.arrivals).toHaveLength(1);
});
