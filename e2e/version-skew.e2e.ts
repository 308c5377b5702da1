import { burst, connected, drained, expect, expectEachOnce, type Page, test, urlOf } from './fixtures.js';

// Versions to come are this one with a number raised: `next` speaks another protocol, `newer` has another schema.
const slow = { queues: { orders: { rate: { limit: 2, perMs: 1000 } } } };

async function openAt(page: Page, url: string): Promise<Page> {
  await page.goto(url);
  await connected(page);
  return page;
}

const problemOf = (page: Page) => page.evaluate(() => sluice.snapshot().problem?.code);

for (const [name, path, script] of [
  ['an old page, a new worker and service worker', '/short/', '/sluice-next.js'],
  ['a new page, an old worker and service worker', '/next/short/', '/sluice.js'],
] as const) {
  test(`${name}: the page says so, and what it submits is stored, sent and settled`, async ({
    page,
    origin,
  }) => {
    await openAt(page, `${origin.url}${path}?script=${script}`);
    expect(await problemOf(page)).toBe('protocol-mismatch');
    const [ticket = ''] = await burst(page, 3);
    await drained(page);
    expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
    expectEachOnce(origin, 3);
  });
}

test('an update in mid-queue loses nothing, and reloads nobody', async ({ origin, open, context }) => {
  const old = await open({ settings: slow });
  await old.evaluate(() => void Object.assign(globalThis, { isTheSame: true }));
  await burst(old, 10);
  const url = urlOf(`${origin.url}/next/short/`, slow);
  const next = await openAt(await context.newPage(), `${url}&script=/sluice-next.js`);
  await burst(next, 5);
  await burst(old, 5);
  await drained(old);
  expect(await old.evaluate(() => 'isTheSame' in globalThis)).toBe(true);
  await old.close();
  await burst(next, 5);
  await drained(next);
  expectEachOnce(origin, 25);
});

test('an update in mid-hold leaves whoever is held with the answer of the service', async ({
  origin,
  open,
}) => {
  const settings = (holdMs: number) => ({ queues: { orders: { respond: 'hold' as const, holdMs } } });
  const page = await open({ settings: settings(20_000) });
  origin.set({ fault: { kind: 'hold' } });
  const held = page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    return [response.status, response.headers.has('Sluice-Ticket')];
  });
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  // Another script of the same protocol and schema: it skips waiting, and takes over this page as well.
  const isOver = page.evaluate(
    () =>
      new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true)),
      ),
  );
  await open({ settings: settings(19_000) });
  // It takes over when the old one has answered.
  await page.waitForFunction(async () => !!(await navigator.serviceWorker.getRegistration())?.waiting);
  origin.set({ fault: undefined });
  expect(await held).toEqual([200, false]);
  expect(await isOver).toBe(true);
  expectEachOnce(origin, 1);
});

test('a newer schema takes the queue over: the old page is told, its jobs are sent, and none is lost', async ({
  origin,
  open,
  context,
}) => {
  const old = await open({ settings: slow });
  await burst(old, 6);
  const url = urlOf(`${origin.url}/newer/short/`, slow);
  const newer = await openAt(await context.newPage(), `${url}&script=/sluice-newer.js`);
  await drained(newer);
  expectEachOnce(origin, 6);
  const code = () =>
    old.evaluate(() =>
      sluice.counts().then(
        () => 'none',
        (error: { code: string }) => error.code,
      ),
    );
  // On a slow disk the answer may come too late at first.
  await expect.poll(code, { timeout: 30_000 }).toBe('storage-newer');
  // Not stored, and not worse off than without us.
  expect(
    await old.evaluate(async () => (await sluice.fetch('/api/orders', { method: 'POST', body: 'x' })).status),
  ).toBe(200);
});
