import type { Page } from '@playwright/test';
import { alternateAll, figureOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';
import type { Lab } from './lab.js';
import type { Summary } from './stats.js';

type Values = Record<string, number>;

const ONE_QUEUE = { rate: { limit: 50, perMs: 1000 }, concurrency: 20 };
const OF_MANY = { rate: { limit: 2, perMs: 1000 }, concurrency: 2 };

/** The one value that is not a time. */
const SENT = 'sent';

/** What a page waits for its receipt while storage has much else to do, and what is sent meanwhile. */
export const crowded: Benchmark = {
  name: 'crowded',
  shows:
    'receipts and sends while many queues drain, many jobs come or are cancelled at once, and many users share a device',
  run: async (lab, { isSmoke }) => {
    const [queues, jobs, users, ms] = isSmoke ? [20, 200, 20, 500] : [200, 5000, 500, 4000];
    const imported = isSmoke ? 1000 : 20_000;
    const draining = { queues, ms };
    const taken = await alternateAll<string, string>(isSmoke ? 1 : 5, {
      'one queue drains': () => on(lab.open(ONE_QUEUE), (page) => drain(lab, page, { queues: 1, ms })),
      [`${queues} queues drain`]: () => on(lab.open(OF_MANY, queues), (page) => drain(lab, page, draining)),
      [`${imported} jobs are enqueued at once`]: () =>
        on(lab.open(ONE_QUEUE), (page) => enqueueAll(page, imported)),
      [`${jobs} jobs are cancelled at once`]: () => on(lab.open(ONE_QUEUE), (page) => cancel(page, jobs)),
      [`${users} users, one after another`]: () => on(lab.open({}), (page) => signInMany(page, users)),
    });
    return Object.entries<Record<string, Summary>>(taken).flatMap(([what, values]) =>
      Object.entries(values).map(([name, summary]) =>
        figureOf(`${what}: ${name}`, summary, name === SENT ? '/s' : 'ms'),
      ),
    );
  },
};

/** On a page of its own, of which nothing is left for the next. */
async function on(opening: Promise<Page>, work: (page: Page) => Promise<Values>): Promise<Values> {
  const page = await opening;
  const values = await work(page);
  await page.evaluate(async () => {
    await sluice.close();
    for (const registration of await navigator.serviceWorker.getRegistrations())
      await registration.unregister();
    const gone = (name: string) =>
      new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase(name);
        deleting.addEventListener('success', () => resolve());
        deleting.addEventListener('error', () => reject(deleting.error));
      });
    await Promise.all((await indexedDB.databases()).map(({ name = '' }) => gone(name)));
  });
  await page.close();
  return values;
}

async function drain(lab: Lab, page: Page, { queues, ms }: { queues: number; ms: number }): Promise<Values> {
  await fill(page, queues, Math.max(500, queues * 20));
  lab.origin.clear();
  const times = await receiptsMs(page, new Promise((resolve) => setTimeout(resolve, ms)));
  return { ...receipts(times), [SENT]: lab.origin.arrivals.length / (ms / 1000) };
}

/** In one call. */
async function enqueueAll(page: Page, count: number): Promise<Values> {
  const startedAt = performance.now();
  const filling = fill(page, 1, count);
  const times = await receiptsMs(page, filling);
  await filling;
  return { ...receipts(times), 'all enqueued': performance.now() - startedAt };
}

/** Each job by its ticket. */
async function cancel(page: Page, count: number): Promise<Values> {
  const tickets = await fill(page, 1, count);
  const startedAt = performance.now();
  const cancelling = page.evaluate(
    (tickets) => Promise.allSettled(tickets.map((ticket) => sluice.cancel(ticket))),
    tickets,
  );
  const times = await receiptsMs(page, cancelling);
  await cancelling;
  return { ...receipts(times), 'all cancelled': performance.now() - startedAt };
}

/** One user after another, each of whom leaves a job behind: how long each sign-in took. */
async function signInMany(page: Page, count: number): Promise<Values> {
  const times = await page.evaluate(async (count) => {
    await sluice.pause();
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const startedAt = performance.now();
      await sluice.identify(`user ${i}`);
      times.push(performance.now() - startedAt);
      await sluice.enqueue(new Request('/api/orders', { method: 'POST', body: 'x' }));
    }
    return times;
  }, count);
  return {
    'identify of the first ten, p50': at(times.slice(0, 10), 0.5),
    'identify of the last ten, p50': at(times.slice(-10), 0.5),
  };
}

/** So many jobs, in queues by turns. */
function fill(page: Page, queues: number, count: number): Promise<string[]> {
  return page.evaluate(
    async ([queues, count]) => {
      const order = (_: unknown, i: number) =>
        new Request(`/api/orders-${i % queues}`, { method: 'POST', body: 'x' });
      const receipts = await sluice.enqueue(Array.from({ length: count }, order));
      return receipts.map(({ ticket }) => ticket);
    },
    [queues, count] as const,
  );
}

/** One request after another until `over`: how long each waited. */
async function receiptsMs(page: Page, over: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const end = new AbortController();
  const stop = () => end.abort();
  // However it ends: its failure is for whoever began it.
  over.then(stop, stop);
  while (!end.signal.aborted) times.push(await page.evaluate(submit));
  return times;
}

async function submit(): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch('/api/orders-0', { method: 'POST', body: 'x' });
  if (response.status !== 202) throw new Error(`answered ${response.status}`);
  await response.text();
  return performance.now() - startedAt;
}

function receipts(times: readonly number[]): Values {
  return { 'receipt, p50': at(times, 0.5), 'receipt, the slowest': at(times, 1) };
}

function at(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(share * (times.length - 1))] ?? Number.NaN;
}
