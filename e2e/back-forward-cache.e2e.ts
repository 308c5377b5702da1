import type { Origin } from '@sluice/origin';
import { burst, connected, drained, expect, type Page, test } from './fixtures.js';

const NO_RETURN = 'with a driver attached it keeps no page for its return';

const LOST =
  'the browser lost its database as a worker ended, as it does at one end in sixty (its bug 324094)';

const SLOW = { queues: { orders: { rate: { limit: 10, perMs: 1000 } } } };

test('a page that is kept for its return holds nothing against others, and goes on when it is back', async ({
  origin,
  open,
  browserName,
}) => {
  test.skip(browserName !== 'webkit', NO_RETURN);
  const page = await open({ settings: SLOW });
  await page.evaluate(() =>
    addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { persisted })),
  );
  await burst(page, 20);
  await page.goto(`${origin.url}/api/elsewhere`);
  const other = await open({ settings: SLOW });
  await burst(other, 5);
  const { length } = origin.arrivals;
  await origin.waitFor(({ arrivals }) => arrivals.length > length + 5);
  await other.close();
  await page.goBack();
  await connected(page);
  await page.waitForFunction(() => 'persisted' in globalThis);
  expect(await page.evaluate(() => (globalThis as { persisted?: boolean }).persisted)).toBe(true);
  await burst(page, 5);
  await drained(page);
  expect(keysOf(origin).size).toBe(30);
});

test('a page that leaves again before its worker is back holds nothing either', async ({
  origin,
  open,
  browserName,
}) => {
  test.skip(browserName !== 'webkit', NO_RETURN);
  const page = await open({ settings: SLOW });
  await burst(page, 20);
  for (let i = 0; i < 3; i++) {
    await page.goto(`${origin.url}/api/elsewhere`);
    await page.goBack();
  }
  await page.goto(`${origin.url}/api/elsewhere`);
  await whileKept(page, async () => {
    const other = await open({ settings: SLOW });
    await drained(other);
    await other.close();
  });
  await page.goBack();
  await connected(page);
  await burst(page, 5);
  await drained(page);
  expect(keysOf(origin).size).toBe(25);
});

test('a page whose worker does not come back has the service worker queue, and its user can leave', async ({
  origin,
  open,
  browserName,
}) => {
  test.skip(browserName !== 'webkit', NO_RETURN);
  const page = await open();
  await page.goto(`${origin.url}/api/elsewhere`);
  await origin.down();
  await page.goBack();
  await page.waitForFunction(() => sluice.snapshot().problem?.code === 'worker-failed');
  await origin.up();
  const outcome = await page.evaluate(async () => {
    await sluice.identify('ann');
    const { ticket } = await sluice.enqueue(new Request('/api/orders', { method: 'POST', body: 'x' }));
    return sluice.settled(ticket);
  });
  expect(outcome).toMatchObject({ kind: 'done' });
});

/** Skips the test where it is not the page that holds the others up: then the database takes no transaction without it either. */
async function whileKept(page: Page, work: () => Promise<void>): Promise<void> {
  const url = await page.evaluate(() => location.href);
  try {
    await work();
  } catch (error) {
    const third = await page.context().newPage();
    await third.goto(url);
    await page.close();
    test.skip(!(await takesTransactions(third)), LOST);
    throw error;
  }
}

/** Asked without the library. */
function takesTransactions(page: Page): Promise<boolean> {
  return page.evaluate(
    () =>
      new Promise<boolean>((resolve) => {
        setTimeout(() => resolve(false), 20_000);
        const opening = indexedDB.open('sluice');
        opening.onsuccess = () => {
          const db = opening.result;
          // Of all tables: one that is held may be any of them.
          const all = db.transaction([...db.objectStoreNames], 'readwrite');
          all.objectStore('jobs').count().onsuccess = () => resolve(true);
        };
      }),
  );
}

/** Of all orders: what was under way as its page was frozen is sent again under its own. */
function keysOf({ arrivals }: Origin): Set<string | undefined> {
  const orders = arrivals.filter(({ url }) => url === '/api/orders');
  return new Set(orders.map(({ idempotencyKey }) => idempotencyKey));
}
