import { burst, connected, expect, test } from './fixtures.js';

test('a queue that was cleared under us is reported, with what was in it', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  await burst(page, 5);
  await expect.poll(() => page.evaluate(async () => sluice.snapshot().depth)).toBeGreaterThanOrEqual(4);
  // As the browser does for "clear site data", localStorage left alone as an eviction of one bucket would.
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        indexedDB.deleteDatabase('sluice').addEventListener('success', () => resolve());
      }),
  );
  await page.reload();
  await connected(page);
  expect(await page.evaluate(async () => sluice.snapshot().lost)).toBeGreaterThanOrEqual(4);
  await page.reload();
  await connected(page);
  expect(await page.evaluate(async () => sluice.snapshot().lost)).toBe(0);
});

test('the browser is asked to keep the storage once there is something to lose', async ({ origin, page }) => {
  await page.addInitScript(() => {
    let asked = 0;
    // Firefox would ask the user: only whether we ask is ours to show.
    StorageManager.prototype.persist = () => Promise.resolve(++asked > 0);
    Object.defineProperty(globalThis, 'asked', { get: () => asked });
  });
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  const asked = () => page.evaluate(() => (globalThis as unknown as { asked: number }).asked);
  expect(await asked()).toBe(0);
  await burst(page, 2);
  await expect.poll(asked).toBe(1);
});
