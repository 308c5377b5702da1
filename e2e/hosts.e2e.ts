import { connected, drained, expect, type Page, test } from './fixtures.js';

/** Keeps the page and its scripts, but for that of its worker, as an app that was evicted in part. */
async function keepPage(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const cache = await caches.open('app');
    const scripts = [...document.querySelectorAll('script, link[rel=modulepreload]')];
    const urls = scripts.map((one) => (one as HTMLScriptElement).src || (one as HTMLLinkElement).href);
    await cache.addAll([location.href, ...urls.filter((url) => url !== '')]);
  });
}

test('offline, with the script of its worker gone, a page has the service worker for a host', async ({
  open,
  origin,
}) => {
  const page = await open({ path: '/long/' });
  await keepPage(page);
  await origin.down();
  await page.reload();
  await connected(page);
  const told = await page.evaluate(async () => {
    const order = (body: string) => new Request('/api/orders', { method: 'POST', body });
    await sluice.pause();
    const response = await sluice.fetch('/api/orders', { method: 'POST', body: 'a' });
    const { ticket } = await sluice.enqueue(order('b'));
    await sluice.hold(ticket);
    await sluice.release(ticket);
    await sluice.setPolicy('orders', { maxJobs: 50 });
    await sluice.setContext({ token: 'x' });
    await sluice.identify(null);
    const { jobs } = await sluice.list({ queue: 'orders', state: 'waiting' });
    const view = await sluice.get(ticket);
    const lines = (await (await sluice.export()).text()).trim().split('\n');
    return {
      status: response.status,
      jobs: jobs.length,
      state: view?.state,
      lines: lines.length,
      counts: (await sluice.counts()).orders?.waiting,
      problem: sluice.snapshot().problem?.code,
    };
  });
  expect(told).toEqual({
    status: 202,
    jobs: 2,
    state: 'waiting',
    lines: 2,
    counts: 2,
    problem: 'worker-failed',
  });
  const ended = page.evaluate(async () => {
    const { jobs } = await sluice.list({ queue: 'orders', state: 'waiting' });
    const outcomes = await Promise.all(jobs.map(({ ticket }) => sluice.settled(ticket)));
    return outcomes.map(({ kind }) => kind);
  });
  await origin.up();
  await page.evaluate(() => sluice.resume());
  expect(await ended).toEqual(['done', 'done']);
  await drained(page);
  expect(origin.arrivals.filter(({ url }) => url === '/api/orders').map(({ body }) => body)).toEqual([
    'a',
    'b',
  ]);
});

test('a snapshot that is read is kept up to date, and so is one that is subscribed to', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  await page.evaluate(async () => {
    await sluice.pause();
    await sluice.fetch('/api/orders', { method: 'POST', body: 'x' });
  });
  await expect.poll(() => page.evaluate(() => sluice.snapshot().depth)).toBe(1);
  const seen = page.evaluate(
    () =>
      new Promise((resolve) => {
        sluice.subscribe(() => resolve(sluice.snapshot().depth));
      }),
  );
  await page.evaluate(() => sluice.fetch('/api/orders', { method: 'POST', body: 'y' }));
  expect(await seen).toBe(2);
});
