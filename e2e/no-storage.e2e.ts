import { expect, test } from './fixtures.js';

test('storage that cannot be opened lets the app work on: requests go to the network', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { breakStorage: true } });
  expect(await page.evaluate(() => sluice.mode)).toBe('off');
  const answers = await page.evaluate(async () => {
    const plain = await fetch('/api/orders', { method: 'POST', body: 'plain' });
    const own = await sluice.fetch('/api/orders', { method: 'POST', body: 'own' });
    return [await plain.json(), await own.json()];
  });
  expect(answers).toMatchObject([
    { ok: true, body: 'plain' },
    { ok: true, body: 'own' },
  ]);
  expect(origin.arrivals.map(({ body }) => body)).toEqual(['plain', 'own']);
});

test('a queue that must not pass anything refuses, and says why', async ({ origin, open }) => {
  const page = await open({ settings: { breakStorage: true, queues: { orders: { whenBroken: 'reject' } } } });
  const answer = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    return { status: response.status, body: await response.json() };
  });
  expect(answer).toMatchObject({ status: 503, body: { code: 'storage-failed' } });
  expect(origin.arrivals).toHaveLength(0);
});

test('a quota that is used up stores nothing and sends directly', async ({
  origin,
  open,
  context,
  browserName,
}) => {
  test.skip(
    browserName !== 'chromium',
    'only Chromium can be given a quota (Storage.overrideQuotaForOrigin)',
  );
  const first = await context.newPage();
  const cdp = await context.newCDPSession(first);
  // Before the database is opened: Chromium remembers for a while how much room there was.
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: origin.url, quotaSize: 1000 });
  const page = await open();
  const answer = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(5000) });
    return { status: response.status, ticket: response.headers.get('Sluice-Ticket') };
  });
  expect(answer).toEqual({ status: 200, ticket: null });
  expect(origin.arrivals).toHaveLength(1);
});
