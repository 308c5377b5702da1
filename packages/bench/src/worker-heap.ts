import type { Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import { heapOfServiceWorker, heapOfWorker } from './heap-of.js';

const KIB = 1024;
const MIB = KIB * KIB;

/** Memory stays small because records are dequeued only when there is capacity. */
export const workerHeap: Benchmark = {
  name: 'worker-heap',
  isChromiumOnly: true,
  shows:
    'what the heaps of the draining worker and of the service worker grow by with the depth of the queue',
  run: async (lab, { isSmoke }) => {
    const rate = { rate: { limit: 20, perMs: 1000 }, concurrency: 4, maxBytes: 1024 * MIB };
    const page = await lab.open(rate);
    const heap = await heapOfWorker(page);
    await enqueue(page, 100, KIB);
    const atFew = await heap();
    const many = isSmoke ? 1000 : 100_000;
    for (let stored = 100; stored < many; stored += 1000) await enqueue(page, 1000, KIB);
    const atMany = await heap();
    const large = await lab.open(rate);
    const largeHeap = await heapOfWorker(large);
    await large.evaluate(() => sluice.pause());
    const before = await largeHeap();
    const bodies = isSmoke ? 2 : 100;
    for (let i = 0; i < bodies; i++) await enqueue(large, 1, 5 * MIB);
    const after = await largeHeap();
    const intercepting = await lab.open(rate);
    const serviceWorkerHeap = await heapOfServiceWorker(intercepting);
    await interceptMany(intercepting, 1);
    const atRest = await serviceWorkerHeap();
    const bursts = isSmoke ? 2 : 300;
    await interceptMany(intercepting, bursts);
    const busy = await serviceWorkerHeap();
    return [
      figure('at 100 jobs of 1 KiB', atFew),
      figure(`at ${many} jobs of 1 KiB`, atMany),
      figure('growth', atMany - atFew),
      figure(`growth over ${bodies} bodies of 5 MiB`, after - before),
      figure(`growth of the service worker over ${bursts * BURST} requests`, busy - atRest),
    ];
  },
};

const BURST = 64;

/** As apps send them: nobody reads the receipts. */
async function interceptMany(page: Page, bursts: number): Promise<void> {
  await page.evaluate(
    async ({ bursts, burst }) => {
      for (let i = 0; i < bursts; i++) {
        const post = () => fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
        await Promise.all(Array.from({ length: burst }, post));
      }
    },
    { bursts, burst: BURST },
  );
}

function figure(name: string, bytes: number): Figure {
  return { name, value: bytes / MIB, unit: 'MiB' };
}

function enqueue(page: Page, count: number, bytes: number): Promise<void> {
  return page.evaluate(
    async ({ count, bytes }) => {
      const body = 'x'.repeat(bytes);
      const requests = Array.from(
        { length: count },
        () => new Request('/api/orders', { method: 'POST', body }),
      );
      await sluice.enqueue(requests);
    },
    { count, bytes },
  );
}
