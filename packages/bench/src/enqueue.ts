import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';
import type { Rows } from './peers.js';

/** How fast a page hands over many requests at once. */
export const enqueue: Benchmark = {
  name: 'enqueue',
  shows: 'requests a second that a page stores, all of them at once',
  run: async (lab, { isSmoke }) => {
    const count = isSmoke ? 200 : 2000;
    const peer = await lab.openPeer('workbox');
    const ours = await lab.open({ maxJobs: 1_000_000, rate: { limit: 1, perMs: 1000 } });
    const contenders = {
      'raw, one transaction': () => raw(peer, count),
      'a worker that stores': () => byWorker(peer, { count, rows: 'least' }),
      'the same, with the rows of Sluice': () => byWorker(peer, { count, rows: 'ours' }),
      'workbox pushRequest': () => workbox(peer, count),
      'sluice enqueue': () => sluiceAll(ours, count),
    };
    await alternate(1, contenders);
    const summaries = await alternate(isSmoke ? 1 : 7, contenders);
    return figuresOf(`${count} at once`, summaries, { unit: '/s', ratioTo: 'raw, one transaction' });
  },
};

async function raw(page: Page, count: number): Promise<number> {
  await page.bringToFront();
  return page.evaluate(async (count) => {
    const db = await peers.openRaw('enqueue');
    const requests = Array.from(
      { length: count },
      () => new Request('/api/orders', { method: 'POST', body: 'x'.repeat(200) }),
    );
    const startedAt = performance.now();
    await peers.putAll(db, await Promise.all(requests.map((request) => peers.read(request))));
    const tookMs = performance.now() - startedAt;
    db.close();
    return (count * 1000) / tookMs;
  }, count);
}

async function byWorker(page: Page, asked: { count: number; rows: Rows }): Promise<number> {
  await page.bringToFront();
  return page.evaluate(async ({ count, rows }) => {
    const worker = peers.startStoring(rows);
    const ask = (stored: object[]) =>
      new Promise<void>((resolve) => {
        worker.onmessage = () => resolve();
        worker.postMessage(stored);
      });
    // It has started, and its database is open.
    await ask([]);
    const requests = Array.from(
      { length: count },
      () => new Request('/api/orders', { method: 'POST', body: 'x'.repeat(200) }),
    );
    const startedAt = performance.now();
    await ask(await Promise.all(requests.map((request) => peers.read(request))));
    const tookMs = performance.now() - startedAt;
    worker.terminate();
    return (count * 1000) / tookMs;
  }, asked);
}

async function workbox(page: Page, fill: number): Promise<number> {
  await page.bringToFront();
  const tookMs = await page.evaluate((fill) => peers.askServiceWorker({ fill }), fill);
  return (fill * 1000) / tookMs;
}

async function sluiceAll(page: Page, count: number): Promise<number> {
  await page.bringToFront();
  return page.evaluate(async (count) => {
    const requests = Array.from(
      { length: count },
      () => new Request('/api/orders', { method: 'POST', body: 'x'.repeat(200) }),
    );
    const startedAt = performance.now();
    await sluice.enqueue(requests);
    return (count * 1000) / (performance.now() - startedAt);
  }, count);
}
