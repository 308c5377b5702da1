import { burst, connected, expect, type Page, test, urlOf } from './fixtures.js';

const SLOW = { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } };

/** As the browser does for "clear site data", localStorage left alone as an eviction of one bucket would. */
function clear(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        indexedDB.deleteDatabase('sluice').addEventListener('success', () => resolve());
      }),
  );
}

/** Until the page has made a note of its depth, which it does once a second. */
async function fill(page: Page): Promise<void> {
  await burst(page, 5);
  const noted = () =>
    page.evaluate(
      () => (JSON.parse(localStorage.getItem('sluice:sluice') ?? '{}') as { depth?: number }).depth,
    );
  await expect.poll(noted).toBeGreaterThanOrEqual(4);
}

const lostOf = (page: Page) => page.evaluate(() => sluice.snapshot().lost);

test('a queue that was cleared behind us is reported at the next visit, with what was in it', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: SLOW });
  await fill(page);
  await page.goto(`${origin.url}/api/nothing-of-ours`);
  await clear(page);
  await page.goto(urlOf(`${origin.url}/short/`, SLOW));
  await connected(page);
  expect(await lostOf(page)).toBeGreaterThanOrEqual(4);
  await page.reload();
  await connected(page);
  expect(await lostOf(page)).toBe(0);
});

test('a queue that is cleared under an open page is reported there, and the app works on', async ({
  open,
}) => {
  const page = await open({ settings: SLOW });
  await fill(page);
  await clear(page);
  await burst(page, 1);
  await expect.poll(() => lostOf(page)).toBeGreaterThanOrEqual(4);
  await page.reload();
  await connected(page);
  expect(await lostOf(page)).toBe(0);
});
