import { connected, drained, expect, expectEachOnce, type Page, test } from './fixtures.js';

interface Bench {
  /** The scripts of the next workers; those after them are good. */
  scripts: string[];
  workers: Worker[];
  /** Of how many a message has come. */
  heard: number;
}

/** Connects anew, with workers that a test can end, and scripts for the first of them. */
async function connectWith(page: Page, scripts: string[]): Promise<void> {
  await connected(page);
  await page.evaluate(async (scripts) => {
    const { connect } = globalThis as unknown as typeof import('sluice/client');
    const bench: Bench = { scripts, workers: [], heard: 0 };
    const worker = () => {
      const one = new Worker(bench.scripts.shift() ?? '/sluice.js', { type: 'module' });
      one.addEventListener('message', () => (bench.heard += 1), { once: true });
      bench.workers.push(one);
      return one;
    };
    await sluice.close();
    const next = await connect({ serviceWorker: '/sluice.js', worker });
    Object.assign(globalThis, { sluice: next, bench });
  }, scripts);
}

const codeNow = (page: Page) => page.evaluate(() => sluice.snapshot().problem?.code);

const ask = (page: Page, body: string) =>
  page.evaluate(async (body) => (await sluice.fetch('/api/orders', { method: 'POST', body })).status, body);

test('a worker that did not load is started again, and the problem ends with it', async ({
  page,
  origin,
}) => {
  await page.goto(`${origin.url}/short/`);
  await connectWith(page, ['/nowhere.js', '/nowhere.js']);
  expect(await codeNow(page)).toBe('worker-failed');
  expect(await ask(page, 'by the service worker')).toBe(202);
  await expect.poll(() => codeNow(page)).toBeUndefined();
  const count = await page.evaluate(() => (globalThis as unknown as { bench: Bench }).bench.workers.length);
  expect(count).toBe(3);
  await drained(page);
  expectEachOnce(origin, 1);
});

test('a worker that has ended holds up no request for long, and another takes its place', async ({
  page,
  origin,
}) => {
  await page.goto(`${origin.url}/short/`);
  await connectWith(page, []);
  await page.evaluate(async () => {
    (globalThis as unknown as { bench: Bench }).bench.workers[0]?.terminate();
    // WebKit lets it go on for a moment. Its engine held the lock.
    await navigator.locks.request('sluice', () => undefined);
  });
  const asked = await Promise.all(['a', 'b', 'c'].map((body) => ask(page, body)));
  expect(asked).toEqual([202, 202, 202]);
  await page.waitForFunction(() => (globalThis as unknown as { bench: Bench }).bench.workers.length === 2);
  await drained(page);
  expectEachOnce(origin, 3);
});

test('workers that end in the middle of their work leave the database to the next', async ({
  page,
  origin,
  browserName,
}) => {
  test.skip(browserName === 'webkit', 'one end in sixty loses its database all the same (its bug 324094)');
  await page.goto(`${origin.url}/short/`);
  await connectWith(page, []);
  for (let round = 0; round < 8; round++) {
    const isThere = (round: number) => (globalThis as unknown as { bench: Bench }).bench.heard > round;
    await page.waitForFunction(isThere, round);
    const { length } = origin.arrivals;
    // It is to end while it stores and sends.
    await page.evaluate(() => {
      for (let i = 0; i < 40; i++) {
        const order = new Request('/api/orders', { method: 'POST', body: 'x' });
        void sluice.enqueue(order).catch(() => undefined);
      }
    });
    await origin.waitFor(({ arrivals }) => arrivals.length > length);
    await page.evaluate(() => (globalThis as unknown as { bench: Bench }).bench.workers.at(-1)?.terminate());
    expect(await ask(page, 'by the next')).toBe(202);
  }
  await drained(page);
});

test('where the worker is all that a page has, its next one takes what comes', async ({ page, origin }) => {
  await page.goto(`${origin.url}/short/?script=/nested/sluice.js`);
  await connected(page);
  await page.evaluate(async () => {
    const { connect } = globalThis as unknown as typeof import('sluice/client');
    const bench: Bench = { scripts: [], workers: [], heard: 0 };
    const worker = () => {
      const one = new Worker('/sluice.js', { type: 'module' });
      bench.workers.push(one);
      return one;
    };
    await sluice.close();
    Object.assign(globalThis, { bench, sluice: await connect({ serviceWorker: false, worker }) });
    bench.workers[0]?.terminate();
    await navigator.locks.request('sluice', () => undefined);
  });
  expect(await ask(page, 'x')).toBe(202);
  await drained(page);
  expectEachOnce(origin, 1);
});
