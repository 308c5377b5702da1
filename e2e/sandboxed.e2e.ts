import { startOrigin } from '@sluice/origin';
import type { Frame } from '@playwright/test';
import { DIST, expect, test } from './fixtures.js';

test('in a sandboxed frame connect() resolves and says why it can do nothing, and requests go to the network', async ({
  page,
  browserName,
}) => {
  test.skip(browserName === 'webkit', 'its driver reaches no frames');
  // Such a frame is of no origin: its scripts are asked for as by a stranger.
  const headers = () => ({ 'Access-Control-Allow-Origin': '*' });
  const origin = await startOrigin({ staticDirs: [DIST], headers });
  await page.goto(`${origin.url}/nested/sluice.js`);
  await page.setContent('<iframe sandbox="allow-scripts" src="/short/"></iframe>');
  const frame = page.frames()[1] as Frame;
  await frame.waitForFunction(() => 'sluice' in globalThis);
  const told = await frame.evaluate(async () => {
    const order = { method: 'POST', body: 'x' };
    const { status } = await sluice.fetch('/api/orders', order);
    const code = await sluice
      .enqueue(new Request('/api/orders', order))
      .catch((error: { code: string }) => error.code);
    return { ...sluice.snapshot(), status, code };
  });
  expect(told).toMatchObject({
    mode: 'off',
    controlled: false,
    queues: {},
    problem: { code: 'insecure-context', message: expect.stringContaining('no sandbox') },
    status: 200,
    code: 'no-answer',
  });
  expect(origin.arrivals.map(({ body }) => body)).toEqual(['x']);
  await origin.close();
});
