import type { Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import type { Lab } from './lab.js';
import { type Summary, summarise } from './stats.js';

const CONDITIONS = ['up', 'slow by 5 s', 'down'] as const;
type Condition = (typeof CONDITIONS)[number];

/** Accepting takes the same time whether the service is up, slow or gone: ratios of 1 within noise. */
export const receiptLatency: Benchmark = {
  name: 'receipt-latency',
  shows: 'how long an intercepted request waits for its receipt, by the state of the service',
  run: async (lab, { isSmoke }) => {
    const page = await lab.open({ rate: { limit: 5, perMs: 1000 }, concurrency: 2 });
    const rounds = isSmoke ? 1 : 9;
    const alone = new Map<Condition, number[]>(CONDITIONS.map((condition) => [condition, []]));
    const together = new Map<Condition, number[]>(CONDITIONS.map((condition) => [condition, []]));
    await measure(page, 20);
    for (let round = 0; round < rounds; round++) {
      for (const condition of CONDITIONS) {
        await become(lab, condition);
        alone.get(condition)?.push(await measure(page, 20));
        together.get(condition)?.push(await measureTogether(page, 64));
        if (condition === 'down') await lab.origin.up();
      }
    }
    return [...figuresOf('one at a time, p50', alone), ...figuresOf('64 at a time, per request', together)];
  },
};

async function become({ origin }: Lab, condition: Condition): Promise<void> {
  origin.set({ fault: condition === 'slow by 5 s' ? { kind: 'delay', ms: 5000 } : undefined });
  if (condition === 'down') await origin.down();
}

function measure(page: Page, count: number): Promise<number> {
  return page.evaluate(async (count) => {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const startedAt = performance.now();
      const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
      if (response.status !== 202) throw new Error(`answered ${response.status}`);
      times.push(performance.now() - startedAt);
    }
    return times.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
  }, count);
}

function measureTogether(page: Page, count: number): Promise<number> {
  return page.evaluate(async (count) => {
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: count }, () => fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) })),
    );
    return (performance.now() - startedAt) / count;
  }, count);
}

function figuresOf(what: string, samples: Map<Condition, number[]>): Figure[] {
  const summaries = new Map<Condition, Summary>(
    [...samples].map(([condition, values]) => [condition, summarise(values)]),
  );
  const base = summaries.get('up')?.median ?? Number.NaN;
  return [...summaries].map(([condition, { median, min, max }]) => ({
    name: `${what}: ${condition}`,
    value: median,
    unit: 'ms',
    spread: { min, max },
    ratioTo: { name: 'up', ratio: median / base },
  }));
}
