import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark, Figure } from './benchmark.js';
import type { Lab } from './lab.js';

/** What the first moments cost: of a page, of its worker, and of a service worker that was stopped. */
export const startUp: Benchmark = {
  name: 'start-up',
  isChromiumOnly: true,
  shows: 'how long it takes from a start to the first work done, p50',
  run: async (lab, { isSmoke }) => {
    const rounds = isSmoke ? 1 : 9;
    const pages = {
      none: await lab.openPeer('none'),
      floor: await lab.openPeer('floor'),
      sluice: await lab.open({}),
    };
    const visits = await alternate(rounds, {
      'no service worker': () => visit(pages.none),
      'the floor': () => visit(pages.floor),
      sluice: () => visit(pages.sluice),
    });
    const requests = await alternate(rounds, {
      'the floor': () => firstRequest(pages.floor),
      sluice: () => firstRequest(pages.sluice),
    });
    const connects = await alternate(rounds, { sluice: () => connect(pages.sluice) });
    const sends = await alternate(isSmoke ? 1 : 5, { sluice: () => firstSend(lab, pages.sluice) });
    const figures: Figure[] = [
      ...figuresOf('navigation, service worker stopped', visits, {
        unit: 'ms',
        ratioTo: 'no service worker',
      }),
      ...figuresOf('request, service worker stopped', requests, { unit: 'ms', ratioTo: 'the floor' }),
      ...figuresOf('reload to connected', connects, { unit: 'ms', ratioTo: 'sluice' }),
      ...figuresOf('reload to the first send of a backlog', sends, { unit: 'ms', ratioTo: 'sluice' }),
    ];
    return figures;
  },
};

/** All of its browser. */
export async function stopServiceWorkers(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await session.detach();
}

/** From the navigation to the response of the document. */
async function visit(page: Page): Promise<number> {
  await stopServiceWorkers(page);
  await page.bringToFront();
  await page.reload();
  return page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    return (navigation?.responseEnd ?? Number.NaN) - (navigation?.startTime ?? 0);
  });
}

async function firstRequest(page: Page): Promise<number> {
  await page.bringToFront();
  await stopServiceWorkers(page);
  return page.evaluate(async () => {
    const startedAt = performance.now();
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    if (response.status !== 202) throw new Error(`answered ${response.status}`);
    return performance.now() - startedAt;
  });
}

async function connect(page: Page): Promise<number> {
  await page.bringToFront();
  await page.reload();
  await page.waitForFunction(() => 'sluice' in globalThis);
  return page.evaluate(() => performance.getEntriesByName('connected')[0]?.startTime ?? Number.NaN);
}

async function firstSend({ origin }: Lab, page: Page): Promise<number> {
  await page.evaluate(async () => {
    await sluice.pause();
    await sluice.enqueue([new Request('/api/orders', { method: 'POST', body: 'x' })]);
    await sluice.close();
    // By hand, since a closed connection takes no commands: an open one would send at once.
    const opening = indexedDB.open('sluice');
    const db = await new Promise<IDBDatabase>((resolve) => {
      opening.addEventListener('success', () => resolve(opening.result));
    });
    const tx = db.transaction('queues', 'readwrite');
    const row = tx.objectStore('queues').get('orders');
    row.addEventListener('success', () => tx.objectStore('queues').put({ ...row.result, paused: false }));
    await new Promise((resolve) => tx.addEventListener('complete', resolve));
    db.close();
  });
  origin.clear();
  await page.reload();
  const beganAt = await page.evaluate(() => performance.timeOrigin);
  await origin.waitFor(({ arrivals }) => arrivals.length > 0);
  return (origin.arrivals[0]?.at ?? Number.NaN) - beganAt;
}
