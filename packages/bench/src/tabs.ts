import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';

const TABS = 10;
const EACH = 100;

/** Ten tabs submit at once through one service worker into one queue. */
export const tabs: Benchmark = {
  name: 'tabs',
  shows: 'requests a second that are accepted, from one tab and from ten at once',
  run: async (lab, { isSmoke }) => {
    const queue = { rate: { limit: 1, perMs: 1000 }, maxJobs: 1_000_000 };
    const pages: Page[] = [];
    for (let i = 0; i < (isSmoke ? 2 : TABS); i++) pages.push(await lab.open(queue));
    const [first] = pages as [Page];
    const contenders = {
      'one tab': () => speed([first], EACH * pages.length),
      [`${pages.length} tabs`]: () => speed(pages, EACH),
    };
    await alternate(1, contenders);
    const summaries = await alternate(isSmoke ? 1 : 7, contenders);
    return figuresOf('accepted', summaries, { unit: '/s', ratioTo: 'one tab' });
  },
};

async function speed(pages: readonly Page[], each: number): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    pages.map((page) =>
      page.evaluate(async (each) => {
        const submit = async () => {
          const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
          if (response.status !== 202) throw new Error(`answered ${response.status}`);
        };
        await Promise.all(Array.from({ length: each }, submit));
      }, each),
    ),
  );
  return (pages.length * each * 1000) / (performance.now() - startedAt);
}
