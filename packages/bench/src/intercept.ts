import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';

const BURST = 64;
const BURSTS = 8;
const ALONE = 100;

/** What it costs to intercept a request, store it and answer: against the floor, which stores nothing. */
export const intercept: Benchmark = {
  name: 'intercept',
  shows: 'what a request waits for when a service worker stores it and answers 202',
  run: async (lab, { isSmoke }) => {
    const pages = {
      floor: await lab.openPeer('floor'),
      told: await lab.openPeer('told'),
      raw: await lab.openPeer('raw'),
      grouped: await lab.openPeer('grouped'),
      accepting: await lab.openPeer('accepting'),
      counted: await lab.openPeer('counted'),
      workbox: await lab.openPeer('workbox'),
      sluice: await lab.open({ rate: { limit: 1, perMs: 1000 }, maxJobs: 1_000_000 }),
    };
    const each = (measure: (page: Page) => Promise<number>) => ({
      floor: () => measure(pages.floor),
      'a receipt, nothing stored': () => measure(pages.told),
      'raw, strict': () => measure(pages.raw),
      'raw, strict, in groups': () => measure(pages.grouped),
      'raw, strict, in groups, a receipt': () => measure(pages.accepting),
      'raw, strict, with a counter': () => measure(pages.counted),
      workbox: () => measure(pages.workbox),
      sluice: () => measure(pages.sluice),
    });
    await alternate(1, each(together));
    const rounds = isSmoke ? 1 : 9;
    const bursts = await alternate(rounds, each(together));
    const alone = await alternate(rounds, each(oneByOne));
    return [
      ...figuresOf(`${BURST} at a time`, bursts, { unit: '/s', ratioTo: 'floor' }),
      ...figuresOf('one at a time, p50', alone, { unit: 'ms', ratioTo: 'raw, strict' }),
    ];
  },
};

/** Requests a second, in bursts. */
async function together(page: Page): Promise<number> {
  await page.bringToFront();
  return page.evaluate(
    async ({ burst, bursts }) => {
      const startedAt = performance.now();
      for (let i = 0; i < bursts; i++) {
        await Promise.all(
          Array.from({ length: burst }, async () => {
            const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
            if (response.status !== 202) throw new Error(`answered ${response.status}`);
          }),
        );
      }
      return (burst * bursts * 1000) / (performance.now() - startedAt);
    },
    { burst: BURST, bursts: BURSTS },
  );
}

async function oneByOne(page: Page): Promise<number> {
  await page.bringToFront();
  return page.evaluate(async (count) => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const startedAt = performance.now();
      const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
      times.push(performance.now() - startedAt);
      if (response.status !== 202) throw new Error(`answered ${response.status}`);
    }
    return times.toSorted((a, b) => a - b)[count >> 1] as number;
  }, ALONE);
}
