import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';
import type { Lab } from './lab.js';

const AT_ONCE = 8;
const LONGEST_MS = 180_000;

/** How fast a backlog leaves where the service takes all of it: against a worker that fetches and does nothing else. */
export const drain: Benchmark = {
  name: 'drain',
  shows: `requests a second that reach the service from a backlog, without a rate, ${AT_ONCE} at a time`,
  run: async (lab, { isSmoke }) => {
    const count = isSmoke ? 100 : 1000;
    const ours = await lab.open({ concurrency: AT_ONCE, adaptive: false, maxJobs: 1_000_000 });
    const peer = await lab.openPeer('workbox');
    const contenders = {
      'bare worker': () => speed(lab, ours, { count, begin: sendBy('startBare') }),
      'a worker that keeps books': () => speed(lab, ours, { count, begin: sendBy('startBooks') }),
      sluice: async () => {
        await fill(ours, count);
        return speed(lab, ours, { count, begin: () => ours.evaluate(() => sluice.resume()) });
      },
      'workbox replayRequests': async () => {
        await peer.evaluate((fill) => peers.askServiceWorker({ fill }), count);
        const begin = () => peer.evaluate(() => void peers.askServiceWorker({ replay: true }));
        return speed(lab, peer, { count, begin });
      },
    };
    await alternate(1, contenders);
    const summaries = await alternate(isSmoke ? 1 : 5, contenders);
    return figuresOf(`${count} waiting`, summaries, { unit: '/s', ratioTo: 'bare worker' });
  },
};

interface Run {
  count: number;
  begin: (page: Page, count: number) => Promise<unknown>;
}

/** From the first arrival to the last. */
async function speed({ origin }: Lab, page: Page, { count, begin }: Run): Promise<number> {
  origin.clear();
  await page.bringToFront();
  await begin(page, count);
  await origin.waitFor(({ arrivals }) => arrivals.length >= count, LONGEST_MS);
  const { arrivals } = origin;
  return ((count - 1) * 1000) / ((arrivals.at(-1)?.at ?? 0) - (arrivals[0]?.at ?? 0));
}

/** By a worker under the service worker of Sluice, as its own worker is. */
function sendBy(start: 'startBare' | 'startBooks'): Run['begin'] {
  return (page, count) =>
    page.evaluate(
      ({ start, count, atOnce }) => {
        const worker = globalThis[start]();
        worker.addEventListener('message', () => worker.terminate());
        worker.postMessage({ url: '/api/bare', count, atOnce });
      },
      { start, count, atOnce: AT_ONCE },
    );
}

async function fill(page: Page, count: number): Promise<void> {
  await page.evaluate(async (count) => {
    await sluice.pause();
    const requests = Array.from(
      { length: count },
      () => new Request('/api/orders', { method: 'POST', body: 'x'.repeat(200) }),
    );
    await sluice.enqueue(requests);
  }, count);
}
