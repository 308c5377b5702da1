import type { Browser, Page } from '@playwright/test';
import { alternate, alternateAll, figureOf } from './alternate.js';
import type { Benchmark, Figure } from './benchmark.js';
import { stopServiceWorkers } from './start-up.js';

const REQUESTS = 1000;
const CATEGORIES = ['__metadata', 'toplevel', 'devtools.timeline', 'blink.user_timing'];

/** A task of the page that is longer than this is one that a user may feel. */
const LONG_MS = 5;

/** What Sluice does on the main thread of a page, from a trace of Chromium. */
export const mainThread: Benchmark = {
  name: 'main-thread',
  isChromiumOnly: true,
  shows: `what the main thread does while ${REQUESTS} plain fetches are queued and drained, and until a page is connected`,
  run: async (lab, { isSmoke }) => {
    const rounds = isSmoke ? 1 : 5;
    const own = await lab.open({ rate: { limit: 400, perMs: 1000 }, concurrency: 6 });
    const floor = await lab.openPeer('floor');
    await own.evaluate(() => void sluice.subscribe(() => undefined));
    const busy = await alternateAll(rounds, {
      'ten lines': () => traced(floor, async () => undefined),
      sluice: () => traced(own, drained),
    });
    const figures: Figure[] = WHATS.flatMap((what) =>
      Object.entries(busy).map(([name, summaries]) => figureOf(`${what}: ${name}`, summaries[what], 'ms')),
    );
    const starts = await alternateAll(isSmoke ? 1 : 9, {
      'service worker running': () => start(own, async () => undefined),
      'service worker stopped': () => start(own, () => stopServiceWorkers(own)),
    });
    for (const [name, { connected, receipt }] of Object.entries(starts))
      figures.push(
        figureOf(`navigation to connect(), ${name}`, connected, 'ms'),
        figureOf(`navigation to the first receipt, ${name}`, receipt, 'ms'),
      );
    const calls = await alternate(rounds, {
      counts: () => call(own, 'counts'),
      list: () => call(own, 'list'),
      settled: () => call(own, 'settled'),
    });
    for (const [name, summary] of Object.entries(calls))
      figures.push(figureOf(`a call of ${name}`, summary, 'ms'));
    return figures;
  },
};

/** Each in ms, but the count. */
const WHATS = [
  'longest task of ours',
  'tasks of ours over 5 ms',
  'script of ours',
  'all tasks of the page',
] as const;

type Busy = Record<(typeof WHATS)[number], number>;

/** Requests that are queued, and sent. */
async function traced(page: Page, whenDrained: (page: Page) => Promise<void>): Promise<Busy> {
  await page.bringToFront();
  const browser = page.context().browser() as Browser;
  await browser.startTracing(undefined, { categories: CATEGORIES });
  await page.evaluate(async (count) => {
    performance.mark('begin');
    for (let i = 0; i < count; i += 20) {
      const posts = Array.from({ length: 20 }, () => fetch('/api/orders', { method: 'POST', body: 'x' }));
      await Promise.all(posts);
    }
  }, REQUESTS);
  await whenDrained(page);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[];
  };
  return busyOf(traceEvents);
}

/** Told, not asked for over and over: that would be work of the page as well. */
function drained(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (sluice.snapshot().depth > 0) return;
          stop();
          resolve();
        };
        const stop = sluice.subscribe(look);
        look();
      }),
  );
}

/** As Chromium writes it: an instant and a duration in microseconds. */
interface TraceEvent {
  pid: number;
  tid: number;
  ts: number;
  ph: string;
  name: string;
  dur?: number;
  /** Of the thread itself: what a busy machine takes away is not in it. */
  tdur?: number;
  args: { name?: string; data?: { url?: string; functionName?: string } };
}

/** A task is ours if it runs a function of a script that the page was built of: what drives the page has no URL. */
function busyOf(events: readonly TraceEvent[]): Busy {
  const mark = events.find(({ name }) => name === 'begin');
  const own = events.filter((event) => event.pid === mark?.pid && event.tid === mark.tid && event.ph === 'X');
  const tasks = own.filter(({ name }) => name.endsWith('RunTask'));
  const scripts = own.filter(({ name, args }) => name === 'FunctionCall' && isBuilt(args.data?.url));
  const ours = tasks.filter((task) => scripts.some((script) => isWithin(script, task)));
  const ms = (list: readonly TraceEvent[]): number =>
    list.reduce((sum, { dur = 0, tdur = dur }) => sum + tdur, 0) / 1000;
  return {
    'longest task of ours': Math.max(0, ...ours.map((task) => ms([task]))),
    'tasks of ours over 5 ms': ours.filter((task) => ms([task]) > LONG_MS).length,
    'script of ours': ms(ours),
    'all tasks of the page': ms(tasks),
  };
}

function isBuilt(url: string | undefined): boolean {
  return url !== undefined && url.includes('/assets/');
}

function isWithin(inner: TraceEvent, outer: TraceEvent): boolean {
  return inner.ts >= outer.ts && inner.ts <= outer.ts + (outer.dur ?? 0);
}

/** A visit, from the navigation on. */
async function start(
  page: Page,
  before: () => Promise<void>,
): Promise<{ connected: number; receipt: number }> {
  await page.bringToFront();
  await before();
  await page.reload();
  await page.waitForFunction(() => 'sluice' in globalThis);
  return page.evaluate(async () => {
    const [mark] = performance.getEntriesByName('connected');
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    if (response.status !== 202) throw new Error(`answered ${response.status}`);
    return { connected: mark?.startTime ?? Number.NaN, receipt: performance.now() };
  });
}

/** One after the other, a hundred times. */
function call(page: Page, name: 'counts' | 'list' | 'settled'): Promise<number> {
  return page.evaluate(async (name) => {
    const calls = {
      counts: () => sluice.counts(),
      list: () => sluice.list({ queue: 'orders', state: 'done', limit: 1 }),
      settled: () => sluice.settled('orders.1.unknown'),
    };
    const startedAt = performance.now();
    for (let i = 0; i < 100; i++) await calls[name]();
    return (performance.now() - startedAt) / 100;
  }, name);
}
