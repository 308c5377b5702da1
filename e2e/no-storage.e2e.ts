import { mkdir, writeFile } from 'node:fs/promises';
import { connected, drained, expect, expectEachOnce, test } from './fixtures.js';

const NO_QUOTA = 'only Chromium can be given a quota (Storage.overrideQuotaForOrigin)';

test('storage that cannot be opened lets the app work on: requests go to the network', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { breakStorage: true } });
  expect(await page.evaluate(() => sluice.snapshot())).toMatchObject({
    mode: 'off',
    problem: { code: 'storage-failed' },
  });
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

test('a browser that blocks the data of all sites lets the app work on', async ({
  origin,
  playwright,
  browserName,
  launchOptions,
}, testInfo) => {
  test.skip(browserName === 'webkit', 'its driver sets no preferences');
  const profile = testInfo.outputPath('profile');
  await mkdir(`${profile}/Default`, { recursive: true });
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(`${profile}/Default/Preferences`, JSON.stringify(settings));
  const context = await playwright[browserName].launchPersistentContext(profile, {
    ...launchOptions,
    firefoxUserPrefs: { 'network.cookie.cookieBehavior': 2 },
  });
  const page = await context.newPage();
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  expect(await page.evaluate(() => sluice.snapshot())).toMatchObject({
    mode: 'off',
    wake: { kind: 'unsupported' },
    problem: { code: 'script-failed' },
  });
  const answer = await page.evaluate(async () =>
    (await sluice.fetch('/api/orders', { method: 'POST', body: 'own' })).json(),
  );
  expect(answer).toMatchObject({ ok: true, body: 'own' });
  await context.close();
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
  test.skip(browserName !== 'chromium', NO_QUOTA);
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

/** More than are sent until Chromium feels that its quota has shrunk, half a minute. */
const ORDERS = 90;

test('a disk that fills up in mid-drain holds the queue, and room lets it go on', async ({
  origin,
  open,
  context,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', NO_QUOTA);
  const rate = { limit: 20, perMs: 10_000, burst: 1 };
  const page = await open({ settings: { queues: { orders: { rate } } } });
  const cdp = await context.newCDPSession(page);
  await page.evaluate(async (count) => {
    const order = () => new Request('/api/orders', { method: 'POST', body: 'x'.repeat(20_000) });
    const refused = new Promise((resolve) => sluice.on('storage-failed', resolve));
    Object.assign(globalThis, { refused });
    await sluice.enqueue(Array.from({ length: count }, order));
  }, ORDERS);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: origin.url, quotaSize: 1000 });
  const refused = await page.evaluate(() => (globalThis as { refused?: Promise<unknown> }).refused);
  expect(refused).toMatchObject({ detail: expect.stringContaining('quota') });
  const sent = origin.arrivals.length;
  expect(sent, 'sends before the disk was full').toBeLessThan(ORDERS);
  const paused = await page.evaluate(() => sluice.pause().catch((error: { code: string }) => error.code));
  expect(paused).toBe('storage-full');
  expect(origin.arrivals.length - sent, 'sends that no row stands for').toBeLessThanOrEqual(1);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: origin.url });
  await drained(page);
  expectEachOnce(origin, ORDERS);
});
