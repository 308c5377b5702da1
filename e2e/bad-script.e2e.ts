import { startOrigin } from '@sluice/origin';
import { connected, DIST, expect, test } from './fixtures.js';

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
  await page.addInitScript(() => {
    const { register } = ServiceWorkerContainer.prototype;
    ServiceWorkerContainer.prototype.register = function (script, options) {
      return register.call(this, script, { ...options, scope: '/' });
    };
  });
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  const problem = await page.evaluate(async () => {
    const { connect } = globalThis as unknown as { connect: (...args: unknown[]) => Promise<typeof sluice> };
    await sluice.close();
    const other = await connect('/assets/../short/../sluice.js', { scope: '/' });
    return other.snapshot().problem;
  });
  expect(problem).toBeUndefined();
});

test('the first request after a failed registration is queued by the worker of the page', async ({
  page,
}) => {
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
