import { burst, countsOf, drained, expect, expectEachOnce, test } from './fixtures.js';

test('a service worker killed in mid-drain is started again and loses nothing', async ({
  origin,
  open,
  context,
  browserName,
}) => {
  test.skip(browserName !== 'chromium', 'no driver of Firefox can kill a service worker that has work');
  const page = await open({
    settings: { queues: { orders: { rate: { limit: 20, perMs: 1000 }, concurrency: 4 } } },
  });
  const first = await burst(page, 40);
  await origin.waitFor(({ arrivals }) => arrivals.length >= 5);
  // `ServiceWorker.stopWorker` lets a busy one run on: closing its target does not.
  const [worker] = context.serviceWorkers();
  const cdp = await page.context().browser()?.newBrowserCDPSession();
  const { targetInfos } = (await cdp?.send('Target.getTargets')) ?? { targetInfos: [] };
  const target = targetInfos.find(({ type, url }) => type === 'service_worker' && url === worker?.url());
  if (!target) throw new Error('the service worker is not among the targets');
  await cdp?.send('Target.closeTarget', { targetId: target.targetId });
  const second = await burst(page, 10);
  await drained(page);
  expect(new Set([...first, ...second]).size).toBe(50);
  expectEachOnce(origin, 50);
  expect(await countsOf(page)).toMatchObject({ accepted: 50, done: 50 });
});
