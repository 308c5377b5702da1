import { burst, connected, drained, expect, expectEachOnce, type Page, test } from './fixtures.js';

const now = (page: Page) =>
  page.evaluate(() => {
    const { mode, controlled, problem } = sluice.snapshot();
    return { mode, controlled, code: problem?.code, message: problem?.message };
  });

const register = (page: Page, script: string) =>
  page.evaluate(
    async (script) => void (await navigator.serviceWorker.register(script, { type: 'module' })),
    script,
  );

const PASSED_BY = {
  mode: 'page-only',
  controlled: false,
  code: 'foreign-controller',
  message: expect.stringContaining('/foreign.js controls this page'),
};

test('a foreign service worker that takes the scope later is named, and the page queues by itself until ours is back', async ({
  open,
  origin,
}) => {
  const page = await open();
  expect(await now(page)).toMatchObject({ mode: 'service-worker', controlled: true });
  await register(page, '/foreign.js');
  await expect.poll(() => now(page)).toEqual(PASSED_BY);
  const statuses = await page.evaluate(async () => {
    const order = (body: string) => ({ method: 'POST', body });
    const own = await sluice.fetch('/api/orders', order('own'));
    const plain = await fetch('/api/orders', order('plain'));
    return [own.status, plain.status];
  });
  expect(statuses).toEqual([202, 200]);
  await drained(page);
  await register(page, '/sluice.js');
  await expect.poll(() => now(page)).toMatchObject({ mode: 'service-worker', controlled: true });
  expect((await now(page)).code).toBeUndefined();
  await burst(page, 1);
  await drained(page);
  expectEachOnce(origin, 3);
});

test('a page that a foreign service worker controls from the beginning says so', async ({ page, origin }) => {
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  await page.evaluate(async () => {
    await sluice.close();
    await navigator.serviceWorker.register('/foreign.js');
  });
  await page.waitForFunction(() => navigator.serviceWorker.controller?.scriptURL.endsWith('/foreign.js'));
  await page.evaluate(async () => {
    const { connect } = globalThis as unknown as typeof import('sluice/client');
    const worker = () => new Worker('/sluice.js', { type: 'module' });
    Object.assign(globalThis, { sluice: await connect({ serviceWorker: false, worker }) });
  });
  await expect.poll(() => now(page)).toEqual(PASSED_BY);
});

test('a page outside the scope of its script is told so, and queues by its worker', async ({
  page,
  origin,
}) => {
  await page.goto(`${origin.url}/short/?script=/nested/sluice.js`);
  await connected(page);
  expect(await now(page)).toMatchObject({
    mode: 'page-only',
    controlled: false,
    code: 'script-scope',
    message: expect.stringContaining('/nested/, and this page is /short/'),
  });
  const { status } = await page.evaluate(async () => {
    const { status } = await sluice.fetch('/api/orders', { method: 'POST', body: 'x' });
    return { status };
  });
  expect(status).toBe(202);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
});
