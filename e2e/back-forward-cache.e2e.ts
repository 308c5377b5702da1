import { burst, connected, drained, expect, test } from './fixtures.js';

const SLOW = { queues: { orders: { rate: { limit: 10, perMs: 1000 } } } };

test('a page that is kept for its return holds nothing against others, and goes on when it is back', async ({
  origin,
  open,
  browserName,
}) => {
  test.skip(browserName !== 'webkit', 'with a driver attached it keeps no page for its return');
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
  const orders = origin.arrivals.filter(({ url }) => url === '/api/orders');
  expect(new Set(orders.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(30);
});
