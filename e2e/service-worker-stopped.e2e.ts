import { burst, countsOf, drained, expect, expectEachOnce, test } from './fixtures.js';
import { killServiceWorker } from './process/chromium.js';

test('a service worker killed in mid-drain is started again and loses nothing', async ({
  origin,
  open,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'its driver cannot kill a service worker that has work');
  const page = await open({
    settings: { queues: { orders: { rate: { limit: 20, perMs: 1000 }, concurrency: 4 } } },
  });
  const first = await burst(page, 40);
  await origin.waitFor(({ arrivals }) => arrivals.length >= 5);
  await killServiceWorker(page.context(), page);
  const second = await burst(page, 10);
  await drained(page);
  expect(new Set([...first, ...second]).size).toBe(50);
  expectEachOnce(origin, 50);
  expect(await countsOf(page)).toMatchObject({ accepted: 50, done: 50 });
});

test('a service worker killed before the commit has accepted nothing, and the page hears of it', async ({
  open,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'its driver cannot kill a service worker that has work');
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  await page.evaluate(() => {
    // Its body never ends: the request stays half read.
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
    const half = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const heard = fetch('/api/orders', half).then(
      ({ status }) => `answered ${status}`,
      (error: Error) => error.name,
    );
    Object.assign(globalThis, { heard });
  });
  // Events come in order: with this one answered, the one before has begun.
  await burst(page, 1);
  await killServiceWorker(page.context(), page);
  expect(await page.evaluate(() => (globalThis as { heard?: Promise<string> }).heard)).toBe('TypeError');
  await burst(page, 1);
  expect(await countsOf(page)).toMatchObject({ accepted: 2 });
});

test('what no rule names goes past the service worker, and so does the page itself', async ({
  open,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'it has no static routes');
  const page = await open();
  await page.reload();
  const sources = await page.evaluate(async () => {
    const send = async (url: string) => (await fetch(url, { method: 'POST', body: 'x' })).arrayBuffer();
    await send('/api/other');
    await send('/api/orders');
    const entries = performance.getEntries() as (PerformanceEntry & { workerFinalSourceType?: string })[];
    const sourceOf = (url: string) =>
      entries.find(({ name }) => name === new URL(url, location.href).href)?.workerFinalSourceType;
    return [sourceOf(''), sourceOf('/api/other'), sourceOf('/api/orders')];
  });
  expect(sources).toEqual(['network', 'network', '']);
});
