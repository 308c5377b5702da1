import type { Page } from '@playwright/test';
import type { Arrival } from '@sluice/origin';
import type { Benchmark, Figure } from './benchmark.js';
import { heapOfServiceWorker, heapOfWorker } from './heap-of.js';
import type { Lab } from './lab.js';

const KIB = 1024;
const MIB = KIB * KIB;
const QUEUE = {
  rate: { limit: 20, perMs: 1000 },
  concurrency: 4,
  adaptive: false,
  maxBytes: 1024 * MIB,
};

/** Memory stays small because records are dequeued only when there is capacity. */
export const workerHeap: Benchmark = {
  name: 'worker-heap',
  isChromiumOnly: true,
  shows:
    'what the heaps of the draining worker and of the service worker grow by with the depth of the queue',
  run: async (lab, { isSmoke }) => {
    const bodies = isSmoke ? { count: 12, bytes: 256 * KIB } : { count: 100, bytes: 5 * MIB };
    const most = await mostOverBodies(lab, bodies);
    const page = await lab.open(QUEUE);
    const heap = await heapOfWorker(page);
    await enqueue(page, 100, KIB);
    const atFew = await heap();
    const many = isSmoke ? 1000 : 100_000;
    for (let stored = 100; stored < many; stored += 1000) await enqueue(page, 1000, KIB);
    const atMany = await heap();
    const intercepting = await lab.open(QUEUE);
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
      figure(`most growth while ${bodies.count} bodies of ${bodies.bytes / MIB} MiB drain`, most),
      { name: 'the same in bodies', value: most / bodies.bytes, unit: `of ${QUEUE.concurrency}` },
      figure(`growth of the service worker over ${bursts * BURST} requests`, busy - atRest),
    ];
  },
};

/**
 * How much the draining worker grows at most, from before bodies are stored until all of them have been answered, slowly: as
 * many as may be in flight are. Its page is closed then, so that the next one drains.
 */
async function mostOverBodies(lab: Lab, { count, bytes }: { count: number; bytes: number }): Promise<number> {
  const { origin } = lab;
  const having = (outcome: Arrival['outcome']) =>
    origin.arrivals.filter((arrival) => arrival.outcome === outcome).length;
  const page = await lab.open(QUEUE);
  const heap = await heapOfWorker(page);
  await page.evaluate(() => sluice.pause());
  const before = await heap();
  for (let i = 0; i < count; i++) await enqueue(page, 1, bytes);
  origin.set({ fault: { kind: 'delay', ms: 1000 } });
  await page.evaluate(() => sluice.resume());
  let most = 0;
  let isFullSeen = false;
  while (having('accepted') < count) {
    most = Math.max(most, await heap());
    isFullSeen ||= having('waiting') === QUEUE.concurrency;
  }
  if (!isFullSeen) throw new Error(`there were never ${QUEUE.concurrency} in flight`);
  origin.set({ fault: undefined });
  await page.close();
  return most - before;
}

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
