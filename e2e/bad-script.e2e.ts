import { startOrigin } from '@sluice/origin';
import { NO_INIT_SCRIPT, connected, DIST, expect, test } from './fixtures.js';

/** The usage page with a service worker script that does not do. */
const problemOf = async (page: import('@playwright/test').Page, url: string) => {
  await page.goto(url);
  await connected(page);
  return page.evaluate(() => ({ mode: sluice.mode, problem: sluice.snapshot().problem }));
};

test('a script that is missing is named, and the page works on', async ({ page, origin }) => {
  const { mode, problem } = await problemOf(page, `${origin.url}/short/?script=/nowhere.js`);
  expect(mode).toBe('page-only');
  expect(problem).toMatchObject({
    code: 'script-missing',
    message: expect.stringContaining('/nowhere.js answered 404'),
  });
  const answer = await page.evaluate(() =>
    fetch('/api/orders', { method: 'POST' }).then(({ status }) => status),
  );
  expect(answer).toBe(200);
});

test('a page in place of the script is named by its type', async ({ page, origin }) => {
  const { problem } = await problemOf(page, `${origin.url}/short/?script=/short/index.html`);
  expect(problem).toMatchObject({ code: 'script-type', message: expect.stringContaining('text/html') });
});

test('a script out of scope is named with what to do, and its worker queues all the same', async ({
  page,
  origin,
}) => {
  await page.goto(`${origin.url}/short/?script=/nested/sluice.js&scope=/`);
  await connected(page);
  const { mode, problem } = await page.evaluate(() => ({
    mode: sluice.mode,
    problem: sluice.snapshot().problem,
  }));
  expect(mode).toBe('page-only');
  expect(problem).toMatchObject({
    code: 'script-scope',
    message: expect.stringContaining("Service-Worker-Allowed: /'"),
  });
  const status = await page.evaluate(
    async () => (await sluice.fetch('/api/orders', { method: 'POST' })).status,
  );
  expect(status).toBe(202);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
});

test('a script that never comes does not hold up the page for ever, and its worker queues all the same', async ({
  page,
  origin,
}) => {
  await page.goto(`${origin.url}/short/?script=/nowhere.js`);
  await connected(page);
  origin.set({ fault: { kind: 'drop', times: 1 } });
  const { mode, code, status } = await page.evaluate(async () => {
    const { connect } = globalThis as unknown as typeof import('sluice/client');
    const worker = () => new Worker('/sluice.js', { type: 'module' });
    await sluice.close();
    const late = await connect({ serviceWorker: '/api/sw.js', worker });
    const { status } = await late.fetch('/api/orders', { method: 'POST' });
    return { mode: late.mode, code: late.snapshot().problem?.code, status };
  });
  expect({ mode, code, status }).toEqual({ mode: 'page-only', code: 'no-answer', status: 202 });
  await origin.waitFor(({ arrivals }) => arrivals.some(({ url }) => url === '/api/orders'));
});

test('a wrong config is the problem that its worker names, not that a script failed', async ({
  page,
  origin,
}) => {
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  const problem = await page.evaluate(async () => {
    const { connect } = globalThis as unknown as typeof import('sluice/client');
    const error =
      "const e = new Error('[sluice] config-invalid: orders, rate is 0.'); e.name = 'SluiceError'; throw e;";
    const script = URL.createObjectURL(new Blob([error], { type: 'text/javascript' }));
    const worker = () => new Worker(script, { type: 'module' });
    await sluice.close();
    return (await connect({ serviceWorker: '/nowhere.js', worker })).snapshot().problem;
  });
  expect(problem).toMatchObject({
    code: 'config-invalid',
    message: '[sluice] config-invalid: orders, rate is 0.',
  });
});

test('an entry that is called in a page says where it belongs', async ({ page, origin }) => {
  await page.goto(`${origin.url}/short/`);
  const message = await page.evaluate(
    (url: string) => import(url).catch((error: Error) => error.message),
    '/sluice.js',
  );
  expect(message).toContain('wrong-context: runSluice() was called in a window scope');
});

test('the first request after a failed registration is queued by the worker of the page', async ({
  page,
  browserName,
}) => {
  test.skip(browserName === 'webkit', NO_INIT_SCRIPT);
  // The worker script runs, the registration does not: a header alone decides that.
  const origin = await startOrigin({ staticDirs: [DIST] });
  await page.addInitScript(() => {
    ServiceWorkerContainer.prototype.register = () => Promise.reject(new TypeError('not today'));
  });
  const { mode, problem } = await problemOf(page, `${origin.url}/short/`);
  expect(mode).toBe('page-only');
  expect(problem).toMatchObject({ code: 'script-failed' });
  const status = await page.evaluate(async () => {
    const response = await sluice.fetch('/api/orders', { method: 'POST', body: 'x' });
    return response.status;
  });
  expect(status).toBe(202);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await origin.close();
});
