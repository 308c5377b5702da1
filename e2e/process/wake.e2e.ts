import { expect, type Page } from '@playwright/test';
import type { Sluice } from 'sluice/client';
import { killServiceWorker, logSyncs } from './chromium.js';
import { test } from './fixtures.js';
import { listen, placeOrders, visit } from './pages.js';
import { answeredOf, isOrder, reportsOf, sendsOf } from './reports.js';

declare const sluice: Sluice;

/** A browser on a busy machine takes its time, and so does a queue that probes. */
const START_MS = 60_000;

/** Longer than a sync event may last: work is left for another. */
const RETRY_AFTER = { kind: 'status', status: 503, retryAfter: '300', match: isOrder } as const;

/** The answer of the service is known and stored: one that is not would rightly be asked for again. */
async function frozen(page: Page): Promise<void> {
  const kind = () => page.evaluate(() => sluice.snapshot().queues['orders']?.status.kind);
  await expect.poll(kind, { timeout: START_MS }).toBe('frozen');
}

test.describe('Background Sync', () => {
  test.skip(({ browserName }) => browserName !== 'chromium', 'Background Sync exists in Chromium alone');

  test('drains with no page open, although the service worker was killed', async ({ driven, origin }) => {
    const page = await visit(driven.pages()[0] as Page, origin);
    const blank = await driven.newPage();
    const syncs = await logSyncs(driven, blank);
    await origin.down();
    expect(await placeOrders(page, 5)).toEqual([202, 202, 202, 202, 202]);
    await syncs.seen('Registered sync');
    await page.close();
    await killServiceWorker(driven, blank);
    const openAtArrival = new Set<string>();
    origin.onArrival(() => driven.pages().forEach((open) => openAtArrival.add(open.url())));
    await origin.up();
    await origin.waitFor(() => answeredOf(origin).size === 5);
    expect([...openAtArrival]).toEqual(['about:blank']);
    expect(sendsOf(origin)).toHaveLength(5);
  });

  test('is asked for by a page as well that has stored without the service worker', async ({
    driven,
    origin,
  }) => {
    const page = await visit(driven.pages()[0] as Page, origin);
    const syncs = await logSyncs(driven, await driven.newPage());
    await origin.down();
    await page.evaluate(() => sluice.enqueue(new Request('/api/orders', { method: 'POST', body: '1/1' })));
    await syncs.seen('Registered sync');
    await page.close();
    await origin.up();
    await origin.waitFor(() => answeredOf(origin).size === 1);
  });

  test('that leaves work rejects and is tried again by the browser, with no page open', async ({
    driven,
    origin,
  }) => {
    const page = await visit(driven.pages()[0] as Page, origin);
    const syncs = await logSyncs(driven, await driven.newPage());
    origin.set({ fault: RETRY_AFTER });
    await placeOrders(page, 1);
    await frozen(page);
    await page.close();
    await syncs.seen('sync event failed', 2);
    // The first event waits behind the page's engine, so this page leaves in mid-event. The word that it leaves may register then,
    // for what it leaves is work of its own. From the first failure on there is no page, and only the browser may ask again.
    const afterwards = syncs.names.slice(syncs.names.indexOf('sync event failed'));
    expect(afterwards).toEqual(expect.not.arrayContaining(['Sync event reregistered']));
    expect(sendsOf(origin), 'sends into the frozen queue').toHaveLength(1);
    const next = await visit(await driven.newPage(), origin);
    expect(await next.evaluate(() => sluice.snapshot().queues.orders)).toMatchObject({
      depth: 1,
      status: { kind: 'frozen' },
    });
  });

  test.describe('at its last chance', () => {
    test.use({ syncAttempts: 2 });

    test('registers anew, and not before', async ({ driven, origin }) => {
      const page = await visit(driven.pages()[0] as Page, origin);
      const syncs = await logSyncs(driven, page);
      origin.set({ fault: RETRY_AFTER });
      await placeOrders(page, 1);
      await frozen(page);
      // The page stays, since nobody may register without one, but its worker goes.
      await page.evaluate(() => sluice.close());
      await syncs.seen('Dispatched sync event', 4);
      expect(syncs.names).toEqual([
        'Registered sync',
        'Dispatched sync event',
        'sync event failed',
        'Dispatched sync event',
        'Sync event reregistered',
        'Dispatched sync event',
        'sync event failed',
        'Dispatched sync event',
      ]);
    });
  });

  test('that is refused is reported, and the queue drains all the same', async ({ driven, origin }) => {
    const page = driven.pages()[0] as Page;
    const cdp = await driven.newCDPSession(page);
    const permission = { name: 'background-sync' };
    await cdp.send('Browser.setPermission', { permission, setting: 'denied', origin: origin.url });
    await visit(page, origin);
    const refused = await listen(page, 'wake-refused');
    expect(await placeOrders(page, 1)).toEqual([202]);
    expect(await refused()).toMatchObject({
      type: 'wake-refused',
      detail: expect.stringMatching(/did not register/),
    });
    expect(await page.evaluate(() => sluice.snapshot().wake)).toMatchObject({ kind: 'refused' });
    await origin.waitFor(() => answeredOf(origin).size === 1);
  });

  test('that was registered before SIGKILL of the browser drains after it, at a blank page', async ({
    origin,
    start,
  }) => {
    test.setTimeout(120_000);
    origin.set({ fault: { kind: 'reset', match: isOrder } });
    const browser = await start({ life: 1, orders: 5, settings: {} });
    await origin.waitFor(() => reportsOf(origin, 'registered').length === 1);
    await browser.kill();
    origin.set({ fault: undefined });
    await start('about:blank');
    await origin.waitFor(() => answeredOf(origin).size === 5, START_MS);
    expect(reportsOf(origin, 'connected').map(({ life, wake }) => ({ life, wake }))).toEqual([
      { life: 1, wake: 'ready' },
    ]);
  });
});

test.describe('without Background Sync', () => {
  test.skip(({ browserName }) => browserName === 'chromium', 'Chromium has Background Sync');

  test('that is told, and the queue drains at the next visit', async ({ origin, start }) => {
    test.setTimeout(120_000);
    origin.set({ fault: { kind: 'reset', match: isOrder } });
    const browser = await start({ life: 1, orders: 5, settings: {} });
    await origin.waitFor(() => reportsOf(origin, 'receipt').length === 5);
    await browser.kill();
    origin.set({ fault: undefined });
    await start({ life: 2, orders: 0, settings: {} });
    await origin.waitFor(() => reportsOf(origin, 'emptied').length === 2, START_MS);
    expect([...answeredOf(origin)].sort()).toEqual(['1/1', '1/2', '1/3', '1/4', '1/5']);
    expect(reportsOf(origin, 'connected').map(({ wake }) => wake)).toEqual(['unsupported', 'unsupported']);
  });
});
