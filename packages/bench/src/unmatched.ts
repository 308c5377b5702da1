import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';

/** What requests pay that no rule names: against no service worker, and one that only listens. */
export const unmatched: Benchmark = {
  name: 'unmatched',
  shows: 'how long a request takes that no rule names, on average',
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

/** The mean of many: the clock of a page has steps of a tenth of a millisecond. */
async function ping(page: Page): Promise<number> {
  await page.bringToFront();
  return page.evaluate(async (count) => {
    const startedAt = performance.now();
    for (let i = 0; i < count; i++) await (await fetch('/api/ping')).arrayBuffer();
    return (performance.now() - startedAt) / count;
  }, 300);
}
