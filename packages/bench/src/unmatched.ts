import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';

/** What requests pay that no rule names: against no service worker, and one that only listens. */
export const unmatched: Benchmark = {
  name: 'unmatched',
  shows: 'how long a request takes that no rule names, p50',
  run: async (lab, { isSmoke }) => {
    const pages = {
      none: await lab.openPeer('none'),
      listener: await lab.openPeer('listener'),
      sluice: await lab.open({}),
    };
    const contenders = {
      'no service worker': () => ping(pages.none),
      'a listener that returns': () => ping(pages.listener),
      sluice: () => ping(pages.sluice),
    };
    await alternate(1, contenders);
    const summaries = await alternate(isSmoke ? 1 : 15, contenders);
    return figuresOf('GET', summaries, { unit: 'ms', ratioTo: 'no service worker' });
  },
};

async function ping(page: Page): Promise<number> {
  await page.bringToFront();
  return page.evaluate(async () => {
    const times: number[] = [];
    for (let i = 0; i < 200; i++) {
      const startedAt = performance.now();
      await (await fetch('/api/ping')).arrayBuffer();
      times.push(performance.now() - startedAt);
    }
    return times.toSorted((a, b) => a - b)[100] as number;
  });
}
