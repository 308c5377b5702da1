import { startOrigin } from '@sluice/origin';
import { connected, DIST, expect, type Page, test } from './fixtures.js';

const now = (page: Page) =>
  page.evaluate(() => {
    const { controlled, problem } = sluice.snapshot();
    return { controlled, code: problem?.code, message: problem?.message };
  });

const ask = (page: Page) =>
  page.evaluate(async () => (await sluice.fetch('/api/orders', { method: 'POST', body: 'x' })).status);

test('a page that requires Trusted Types is told so of a string, and connects by a TrustedScriptURL', async ({
  page,
}) => {
  const headers = () => ({ 'Content-Security-Policy': "require-trusted-types-for 'script'" });
  const origin = await startOrigin({ staticDirs: [DIST], headers });
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  test.skip(!(await page.evaluate(() => 'trustedTypes' in globalThis)), 'it has no Trusted Types');
  expect(await now(page)).toEqual({
    controlled: false,
    code: 'script-failed',
    message: expect.stringContaining('requires Trusted Types'),
  });
  await page.evaluate(async () => {
    const { connect, trustedTypes } = globalThis as unknown as typeof import('sluice/client') & {
      trustedTypes: {
        createPolicy(
          name: string,
          rules: { createScriptURL: (url: string) => string },
        ): { createScriptURL(url: string): { toJSON(): string } };
      };
    };
    const policy = trustedTypes.createPolicy('app', { createScriptURL: (url) => url });
    await sluice.close();
    Object.assign(globalThis, { sluice: await connect(policy.createScriptURL('/sluice.js')) });
  });
  expect(await now(page)).toEqual({ controlled: true, code: undefined, message: undefined });
  expect(await ask(page)).toBe(202);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await origin.close();
});

test('a worker that the embedder policy of its page keeps out is told so, and the service worker queues', async ({
  page,
}) => {
  const headers = (path: string): Record<string, string> =>
    path.startsWith('/short/') ? { 'Cross-Origin-Embedder-Policy': 'require-corp' } : {};
  const origin = await startOrigin({ staticDirs: [DIST], headers });
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  expect(await now(page)).toEqual({
    controlled: true,
    code: 'worker-failed',
    message: expect.stringContaining("'Cross-Origin-Embedder-Policy' serve the script with that header, too"),
  });
  expect(await ask(page)).toBe(202);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await origin.close();
});

test('storage is asked to persist where that asks the user nothing, or where the app wants it', async ({
  open,
  browserName,
}) => {
  test.skip(browserName === 'webkit', 'it has no navigator.storage');
  const page = await open();
  const calls = await page.evaluate(async () => {
    const { connect } = globalThis as unknown as typeof import('sluice/client');
    let count = 0;
    StorageManager.prototype.persist = async () => {
      count += 1;
      return true;
    };
    const counts: number[] = [];
    for (const options of [{}, { persist: false }, { persist: true }]) {
      count = 0;
      await sluice.close();
      const next = await connect('/sluice.js', options);
      const receipt = await next.enqueue(new Request('/api/orders', { method: 'POST', body: 'x' }));
      await next.settled(receipt.ticket);
      await navigator.permissions.query({ name: 'persistent-storage' });
      counts.push(count);
      Object.assign(globalThis, { sluice: next });
    }
    return counts;
  });
  expect(calls).toEqual([browserName === 'firefox' ? 0 : 1, 0, 1]);
});
