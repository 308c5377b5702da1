import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark, Figure } from './benchmark.js';

const KIB = 1024;

/** What a body adds to the wait for a receipt. */
export const bodies: Benchmark = {
  name: 'bodies',
  shows: 'how long a request waits for its receipt, by its body, p50',
  run: async (lab, { isSmoke }) => {
    const pages = {
      floor: await lab.openPeer('floor'),
      raw: await lab.openPeer('raw'),
      workbox: await lab.openPeer('workbox'),
      sluice: await lab.open({ rate: { limit: 1, perMs: 1000 }, maxBytes: 1e12 }),
    };
    const figures: Figure[] = [];
    for (const [size, bytes] of [
      ['1 KiB', KIB],
      ['100 KiB', 100 * KIB],
      ['5 MiB', 5 * KIB * KIB],
    ] as const) {
      const count = isSmoke || bytes > KIB * KIB ? 3 : 30;
      const contenders = {
        floor: () => send(pages.floor, bytes, count),
        'raw, strict': () => send(pages.raw, bytes, count),
        workbox: () => send(pages.workbox, bytes, count),
        sluice: () => send(pages.sluice, bytes, count),
      };
      const summaries = await alternate(isSmoke ? 1 : 5, contenders);
      figures.push(...figuresOf(size, summaries, { unit: 'ms', ratioTo: 'raw, strict' }));
    }
    return figures;
  },
};

async function send(page: Page, bytes: number, count: number): Promise<number> {
  await page.bringToFront();
  return page.evaluate(
    async ({ bytes, count }) => {
      const body = new Uint8Array(bytes);
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const startedAt = performance.now();
        const response = await fetch('/api/orders', { method: 'POST', body });
        times.push(performance.now() - startedAt);
        if (response.status !== 202) throw new Error(`answered ${response.status}`);
      }
      return times.toSorted((a, b) => a - b)[count >> 1] as number;
    },
    { bytes, count },
  );
}
