import type { Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import type { Lab } from './lab.js';
import { mostInAWindow } from './stats.js';

const LIMIT = 10;
const PER_MS = 1000;
const PACERS = [
  'Bottleneck',
  'p-queue',
  'p-queue, strict',
  'p-throttle',
  'p-throttle, strict',
  'sluice',
] as const;
type Pacer = (typeof PACERS)[number];

/**
 * What a window of the service sees where 10 a second were promised, and what a reload leaves of the backlog. A pacer that is
 * strict about its calls can still be over: on the way to the service they move closer together.
 */
export const pace: Benchmark = {
  name: 'pace',
  shows: `the most that arrived in any ${PER_MS} ms where ${LIMIT} are allowed, and what was sent after a reload`,
  run: async (lab, { isSmoke }) => {
    const figures: Figure[] = [];
    for (const pacer of PACERS) figures.push(...(await watch(lab, pacer, isSmoke ? 30 : 60)));
    return figures;
  },
};

async function watch(lab: Lab, pacer: Pacer, count: number): Promise<Figure[]> {
  const { origin } = lab;
  const page =
    pacer === 'sluice'
      ? await lab.open({ rate: { limit: LIMIT, perMs: PER_MS, burst: LIMIT }, concurrency: LIMIT })
      : await lab.openPeer('none');
  // Idle for longer than a window: what a burst may then do at once is part of the promise.
  await page.waitForTimeout(2 * PER_MS);
  origin.clear();
  await begin(page, pacer, count);
  await origin.waitFor(({ arrivals }) => arrivals.length >= count / 2, 60_000);
  const most = mostInAWindow(
    origin.arrivals.map(({ at }) => at),
    PER_MS,
  );
  await page.reload();
  const before = origin.arrivals.length;
  const arrived = origin.waitFor(({ arrivals }) => arrivals.length >= count, 2000 + 1000 * (count / LIMIT));
  await arrived.catch(() => undefined);
  const after = origin.arrivals.length - before;
  await page.close();
  return [
    { name: `${pacer}: most in a window`, value: most, unit: `of ${LIMIT}` },
    { name: `${pacer}: sent after a reload`, value: after, unit: `of ${count - before}` },
  ];
}

async function begin(page: Page, pacer: Pacer, count: number): Promise<void> {
  await page.bringToFront();
  await page.evaluate(
    async ({ pacer, count, limit, perMs }) => {
      const send = (): Promise<Response> => fetch('/api/orders', { method: 'POST', body: 'x' });
      const requests = Array.from({ length: count });
      const strict = pacer.endsWith(', strict');
      if (pacer === 'sluice') {
        await Promise.all(requests.map(send));
      } else if (pacer === 'Bottleneck') {
        const reservoir = {
          reservoir: limit,
          reservoirRefreshAmount: limit,
          reservoirRefreshInterval: perMs,
        };
        const limiter = new peers.Bottleneck({ ...reservoir, minTime: 0 });
        for (const _ of requests) void limiter.schedule(send);
      } else if (pacer.startsWith('p-queue')) {
        const queue = new peers.PQueue({ interval: perMs, intervalCap: limit, strict });
        for (const _ of requests) void queue.add(send);
      } else {
        const throttled = peers.pThrottle({ limit, interval: perMs, strict })(send);
        for (const _ of requests) void throttled();
      }
    },
    { pacer, count, limit: LIMIT, perMs: PER_MS },
  );
}
