import { burst, connected, countsOf, drained, expect, test, urlOf } from './fixtures.js';

/** An app of several pages: each click on a link leaves one, with whatever it has under way. */
const SERVICE = { baseLatencyMs: 1000, dedupe: false };

for (const repeat of ['always', 'never'] as const) {
  const settings = { queues: { orders: { repeat } } };

  test(`what is under way as its page is left arrives once, and ends as it was answered: ${repeat} repeated`, async ({
    origin,
    open,
  }) => {
    const page = await open({ settings });
    origin.set(SERVICE);
    for (let round = 1; round <= 3; round++) {
      await burst(page, 4);
      await origin.waitFor(({ arrivals }) => arrivals.length === 4 * round);
      await page.goto(urlOf(`${origin.url}/short/`, settings));
      await connected(page);
      await drained(page);
      expect(origin.arrivals).toHaveLength(4 * round);
    }
    expect(await countsOf(page)).toMatchObject({ done: 12, dead: {} });
  });

  test(`what is under way as its page is closed arrives once, with another tab there: ${repeat} repeated`, async ({
    origin,
    open,
  }) => {
    const page = await open({ settings });
    const other = await open({ settings });
    origin.set(SERVICE);
    await burst(page, 4);
    await origin.waitFor(({ arrivals }) => arrivals.length === 4);
    await page.close();
    await drained(other);
    expect(origin.arrivals).toHaveLength(4);
    expect(await countsOf(other)).toMatchObject({ done: 4, dead: {} });
  });
}

test('what a page cancels in mid-send is stopped, though the service worker sends it', async ({
  origin,
  open,
}) => {
  const page = await open();
  origin.set({ baseLatencyMs: 60_000 });
  const [ticket = ''] = await burst(page, 1);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await page.evaluate((ticket) => sluice.cancel(ticket), ticket);
  await drained(page);
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome === 'dropped');
});
