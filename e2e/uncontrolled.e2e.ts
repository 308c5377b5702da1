import { burst, connected, expect, test } from './fixtures.js';

test('on a first visit the first request after connect() is queued', async ({ origin, page }) => {
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  expect(await page.evaluate(() => sluice.controlled)).toBe(true);
  const [ticket = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
});

test('a hard-reloaded page is not controlled: sluice.fetch queues all the same', async ({
  origin,
  open,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'its driver cannot reload past the cache');
  const page = await open();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Page.reload', { ignoreCache: true });
  await page.waitForFunction(() => !('sluice' in globalThis) || navigator.serviceWorker.controller === null);
  await connected(page);
  expect(await page.evaluate(() => sluice.controlled)).toBe(false);
  const warning = page.waitForEvent('console', (message) => message.text().includes('not-controlled'));
  const answers = await page.evaluate(async () => {
    const own = await sluice.fetch('/api/orders', { method: 'POST', body: 'own' });
    const plain = await fetch('/api/orders', { method: 'POST', body: 'plain' });
    // The browser records a request once its answer has been read.
    await plain.text();
    return { own: own.status, plain: plain.status, ticket: own.headers.get('Sluice-Ticket') ?? '' };
  });
  expect(answers).toMatchObject({ own: 202, plain: 200 });
  expect((await warning).text()).toContain("went past queue 'orders'");
  const outcome = await page.evaluate((ticket) => sluice.settled(ticket), answers.ticket);
  expect(outcome).toMatchObject({ kind: 'done' });
  expect(origin.arrivals.map(({ body }) => body).toSorted()).toEqual(['own', 'plain']);
});

test('what the rules do not name goes to the network, through sluice.fetch as well', async ({ open }) => {
  const page = await open();
  const statuses = await page.evaluate(async () => {
    const other = await sluice.fetch('/api/other', { method: 'POST', body: 'x' });
    const read = await sluice.fetch('/api/orders');
    return [other.status, read.status];
  });
  expect(statuses).toEqual([200, 200]);
});

test('an aborted sluice.fetch cancels its job while it waits', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  await burst(page, 1);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  const ticket = await page.evaluate(async () => {
    const stop = new AbortController();
    const response = await sluice.fetch('/api/orders', { method: 'POST', body: 'x', signal: stop.signal });
    stop.abort();
    return response.headers.get('Sluice-Ticket') ?? '';
  });
  const outcome = await page.evaluate((ticket) => sluice.settled(ticket), ticket);
  expect(outcome).toMatchObject({ kind: 'cancelled', reason: 'user' });
});
