import type { Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';

const RATE = { limit: 50, perMs: 1000 };

/** What a page waits for its receipt while storage has much else to do, and what is sent meanwhile. */
export const crowded: Benchmark = {
  name: 'crowded',
  shows:
    'receipts and sends while many queues drain, many jobs are cancelled at once, and many users share a device',
  run: async (lab, { isSmoke }) => {
    const count = isSmoke ? 200 : 5000;
    const single = await lab.open({ rate: RATE, concurrency: 20 });
    await fill(single, 1, 500);
    const quiet = await receiptsMs(single, new Promise((resolve) => setTimeout(resolve, 2000)));
    const [cancelled, cancelledMs] = await timed(single, count);
    await single.close();

    const queues = isSmoke ? 20 : 200;
    const many = await lab.open({ rate: { limit: 2, perMs: 1000 }, concurrency: 2 }, queues);
    await fill(many, queues, queues * 20);
    lab.origin.clear();
    const drained = await receiptsMs(
      many,
      new Promise((resolve) => setTimeout(resolve, isSmoke ? 500 : 5000)),
    );
    const sent = lab.origin.arrivals.length / (isSmoke ? 0.5 : 5);
    await many.close();

    const shared = await lab.open({});
    const users = isSmoke ? 20 : 500;
    const signedIn = await signInMany(shared, users);
    return [
      ...figuresOf('one queue drains', quiet),
      ...figuresOf(`${queues} queues drain`, drained),
      { name: `${queues} queues drain: sent`, value: sent, unit: '/s' },
      ...figuresOf(`${count} jobs are cancelled at once`, cancelled),
      { name: `${count} jobs are cancelled at once: all`, value: cancelledMs, unit: 'ms' },
      ...figuresOf('the first ten users', signedIn.slice(0, 10), ' identify,'),
      ...figuresOf(`the last ten of ${users} users`, signedIn.slice(-10), ' identify,'),
    ];
  },
};

/** One user after another, each of whom leaves a job behind: how long each sign-in took. */
async function signInMany(page: Page, count: number): Promise<number[]> {
  return page.evaluate(async (count) => {
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
}

/** Receipts while jobs are cancelled, each by its ticket. */
async function timed(page: Page, count: number): Promise<[number[], number]> {
  const tickets = await fill(page, 1, count);
  const startedAt = performance.now();
  const cancelling = page.evaluate(
    (tickets) => Promise.allSettled(tickets.map((ticket) => sluice.cancel(ticket))),
    tickets,
  );
  const receipts = await receiptsMs(page, cancelling);
  await cancelling;
  return [receipts, performance.now() - startedAt];
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
  void over.finally(() => end.abort());
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

function figuresOf(what: string, times: readonly number[], of = ' receipt,'): Figure[] {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return [
    { name: `${what}:${of} p50`, value: at(0.5), unit: 'ms' },
    { name: `${what}:${of} the slowest`, value: at(1), unit: 'ms' },
  ];
}
