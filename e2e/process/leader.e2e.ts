import { expect, type BrowserContext, type Page } from '@playwright/test';
import type { Origin } from '@sluice/origin';
import type { Sluice } from 'sluice/client';
import { processOf } from './chromium.js';
import { test } from './fixtures.js';
import { listen, placeOrders, visit } from './pages.js';
import { answeredOf, isOrder, sendsOf } from './reports.js';

declare const sluice: Sluice;

const settings = { queues: { orders: { concurrency: 2, timeoutMs: 5000 } } };

test.describe('the leading tab', () => {
  test.skip(
    ({ browserName }) => browserName !== 'chromium',
    'its driver has no means to end or stop one tab alone',
  );

  test('crashed in mid-send is followed by another tab', async ({ driven, origin }) => {
    const { leader, other } = await openTabs(driven, origin);
    const leading = await listen(other, 'leading');
    await beginSends(leader, origin, { kind: 'delay', ms: 3000 });
    const crashed = leader.waitForEvent('crash');
    const cdp = await driven.newCDPSession(leader);
    cdp.send('Page.crash').catch(() => undefined); // never answered: there is nobody left to do it
    await crashed;
    expect(await leading()).toMatchObject({ host: 'worker' });
    await origin.waitFor(() => answeredOf(origin).size === 5);
    expect(worksPerOrder(origin)).toEqual([1, 1, 1, 1, 1]);
    expect(sendsOf(origin), 'sends: the service worker goes on with the two in flight').toHaveLength(5);
  });

  test('frozen in mid-send loses the lock to another tab, and does no harm when it thaws', async ({
    driven,
    origin,
  }) => {
    const { leader, other } = await openTabs(driven, origin);
    const leading = await listen(other, 'leading');
    const frozen = await processOf(driven, leader);
    expect(await processOf(driven, other), 'the process of the other tab').not.toBe(frozen);
    // Their work is done, and they are never answered.
    await beginSends(leader, origin, { kind: 'drop' });
    try {
      // The browser's own freeze leaves dedicated workers running under a driver; this stops all that the tab is.
      process.kill(frozen, 'SIGSTOP');
      await leading();
      await origin.waitFor(() => answeredOf(origin).size === 5);
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
    // Through the worker that led: it is awake again, and has been told of its loss.
    await leader.evaluate(() => sluice.enqueue(new Request('/api/orders', { method: 'POST', body: '2/0' })));
    await origin.waitFor(() => answeredOf(origin).size === 6);
    expect(worksPerOrder(origin)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(sendsOf(origin), 'sends: the two in flight, repeated, and the one after the thaw').toHaveLength(8);
  });
});

/** The first tab to connect leads. The service worker runs in the process of the tab that was first of all. */
async function openTabs(driven: BrowserContext, origin: Origin): Promise<{ leader: Page; other: Page }> {
  const other = await visit(driven.pages()[0] as Page, origin, settings);
  const leader = await visit(await driven.newPage(), origin, settings);
  // Its worker leaves the line, and joins it again behind the one that now leads.
  await visit(other, origin, settings);
  return { leader, other };
}

/** Five orders, of which two are on their way, with that fault. */
async function beginSends(
  page: Page,
  origin: Origin,
  fault: { kind: 'drop' } | { kind: 'delay'; ms: number },
): Promise<void> {
  origin.set({ fault: { ...fault, times: 2, match: isOrder } });
  expect(await placeOrders(page, 5)).toEqual([202, 202, 202, 202, 202]);
  await origin.waitFor(() => sendsOf(origin).length === 2);
}

function worksPerOrder(origin: Origin): number[] {
  const orders = [...new Set(sendsOf(origin).map(({ order }) => order))];
  const works = sendsOf(origin).filter(({ outcome }) => outcome === 'accepted' || outcome === 'dropped');
  return orders.map((order) => works.filter((work) => work.order === order).length);
}
