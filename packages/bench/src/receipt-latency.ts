import type { Page } from '@playwright/test';
import type { Arrival } from '@sluice/origin';
import type { Benchmark, Figure } from './benchmark.js';
import type { Lab } from './lab.js';
import { type Summary, summarise } from './stats.js';

const CONDITIONS = ['up', 'slow by 5 s', 'down'] as const;
type Condition = (typeof CONDITIONS)[number];

/**
 * The rate stays after an outage, so that the next condition is felt at once. Browsers open six connections to a host over
 * HTTP/1.1: no more can be in flight.
 */
const QUEUE = { rate: { limit: 50, perMs: 1000 }, concurrency: 6, adaptive: false };

/**
 * Accepting takes no longer where the service is slow or gone: ratios of at most 1 within noise. They may lie below, since
 * what drains shares disk and processor with what is accepted.
 */
export const receiptLatency: Benchmark = {
  name: 'receipt-latency',
  shows: 'how long an intercepted request waits for its receipt, by the state of the service',
  run: async (lab, { isSmoke }) => {
    const page = await lab.open(QUEUE);
    const rounds = isSmoke ? 1 : 9;
    const alone = new Map<Condition, number[]>(CONDITIONS.map((condition) => [condition, []]));
    const together = new Map<Condition, number[]>(CONDITIONS.map((condition) => [condition, []]));
    await fill(page, 500);
    await measure(page, 20);
    for (let round = 0; round < rounds; round++) {
      for (const condition of CONDITIONS) {
        await BECOME[condition](lab, page);
        alone.get(condition)?.push(await measure(page, 20));
        together.get(condition)?.push(await measureTogether(page, 64));
      }
    }
    return [...figuresOf('one at a time, p50', alone), ...figuresOf('64 at a time, per request', together)];
  },
};

/** Switches to each, and waits until the queue feels it. */
const BECOME: Record<Condition, (lab: Lab, page: Page) => Promise<void>> = {
  up: async ({ origin }, page) => {
    origin.set({ fault: undefined });
    origin.clear();
    await origin.up();
    await page.evaluate(() => sluice.nudge());
    await origin.waitFor(({ arrivals }) => count(arrivals, 'accepted') >= QUEUE.concurrency);
  },
  'slow by 5 s': async ({ origin }) => {
    origin.set({ fault: { kind: 'delay', ms: 5000 } });
    await origin.waitFor(({ arrivals }) => count(arrivals, 'waiting') >= QUEUE.concurrency);
  },
  down: async ({ origin }, page) => {
    await origin.down();
    await page.waitForFunction(() => sluice.snapshot().queues['orders']?.status.kind === 'probing');
  },
};

function count(arrivals: readonly Arrival[], outcome: Arrival['outcome']): number {
  return arrivals.filter((arrival) => arrival.outcome === outcome).length;
}

/** There is always something to send. */
function fill(page: Page, count: number): Promise<void> {
  return page.evaluate(async (count) => {
    const order = () => new Request('/api/orders', { method: 'POST', body: 'x' });
    await sluice.enqueue(Array.from({ length: count }, order));
  }, count);
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
      Array.from({ length: count }, async () => {
        const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
        if (response.status !== 202) throw new Error(`answered ${response.status}`);
      }),
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
