import { burst, drained, expect, mostInAWindow, sendsOf, test } from './fixtures.js';

/** So many connections of HTTP/1.1 a browser opens to one origin. */
const CONNECTIONS = 6;

test('what waits for a connection in the browser arrives as one window at most, and the next behind it', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 1000 } } } } });
  const streamsOf = () => origin.arrivals.filter(({ url }) => url.startsWith('/api/stream'));
  origin.set({ fault: { kind: 'hold', match: ({ url }) => url.startsWith('/api/stream') } });
  await page.evaluate((count) => {
    for (let i = 0; i < count; i++) void fetch(`/api/stream?${i}`);
  }, CONNECTIONS);
  await expect.poll(() => streamsOf().length).toBe(CONNECTIONS);
  await burst(page, 5);
  // Four windows of the rate, from the first send on.
  const waitedMs = async () => Date.now() - ((await sendsOf(page))[0]?.at ?? Date.now());
  await expect.poll(waitedMs, { timeout: 30_000 }).toBeGreaterThan(4500);
  expect(origin.arrivals.length, 'all connections are held').toBe(CONNECTIONS);
  origin.set({ fault: undefined });
  await drained(page);
  const orders = origin.arrivals.filter(({ method }) => method === 'POST');
  expect(orders).toHaveLength(5);
  const most = mostInAWindow(
    orders.map(({ at }) => at),
    1000,
  );
  expect(most).toBeLessThanOrEqual(2);
});
