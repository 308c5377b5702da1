import type { Page } from '@playwright/test';
import { type Heap, heapOfServiceWorker, heapOfWorker } from './heap-of.js';
import type { Lab } from './lab.js';

const PER_SECOND = 50;
const MIB = 1024 * 1024;
/** Faster than the requests come, so that what an outage has left is caught up with. */
const QUEUE = {
  rate: { limit: 120, perMs: 1000, burst: 20 },
  concurrency: 8,
  backoff: { baseMs: 100, maxMs: 1000 },
};
/** What each round of the service begins with, and how long. */
const ROUND = [
  { ms: 8000, service: 'up' },
  { ms: 2000, service: 'unavailable' },
  { ms: 2000, service: 'down' },
] as const;
const LONGEST_DRAIN_MS = 300_000;
/** Each context keeps what it knows of a queue; it must not keep more the longer it runs. */
const MOST_GROWN_MIB = 2;

export interface Soaked {
  requests: number;
  arrived: number;
  duplicates: number;
  depth: number;
  workerGrownMiB: number;
  serviceWorkerGrownMiB: number;
  rowsLeft: number;
}

/** Fifty requests a second at a service that flaps, for so many minutes; then all is drained. */
export async function soak(lab: Lab, minutes: number): Promise<Soaked> {
  const page = await lab.open(QUEUE);
  // Whatever waits for the page would wait for ever.
  const crashed = new Promise<never>((_, reject) => {
    page.on('crash', () => reject(new Error('the page has crashed: the machine may be short of memory')));
  });
  return Promise.race([soakPage(page, lab, minutes), crashed]);
}

async function soakPage(page: Page, { origin }: Lab, minutes: number): Promise<Soaked> {
  const heaps = [await heapOfWorker(page), await heapOfServiceWorker(page)];
  await submitFor(page, 2000);
  await untilDrained(page);
  const before = await sizesOf(heaps);
  const flapping = flap(origin, minutes * 60_000);
  await submitFor(page, minutes * 60_000);
  await flapping;
  await untilDrained(page);
  const { accepted, done } = await countsOf(page);
  const after = await sizesOf(heaps);
  const [workerGrownMiB = 0, serviceWorkerGrownMiB = 0] = after.map((size, i) => size - (before[i] ?? 0));
  return {
    requests: accepted,
    arrived: new Set(origin.arrivals.filter(({ status }) => status === 200).map((one) => one.idempotencyKey))
      .size,
    duplicates: origin.duplicates,
    depth: accepted - done,
    workerGrownMiB,
    serviceWorkerGrownMiB,
    rowsLeft: await rowsOf(page),
  };
}

async function sizesOf(heaps: readonly Heap[]): Promise<number[]> {
  const sizes = await Promise.all(heaps.map((heap) => heap()));
  return sizes.map((bytes) => bytes / MIB);
}

/** What went wrong, in sentences; none where all went well. */
export function complaints({ requests, arrived, depth, rowsLeft, ...heaps }: Soaked): string[] {
  const grown = { worker: heaps.workerGrownMiB, 'service worker': heaps.serviceWorkerGrownMiB };
  return [
    ...(depth === 0 ? [] : [`${depth} jobs did not end as done`]),
    ...(arrived >= requests ? [] : [`${requests - arrived} requests never arrived`]),
    ...(rowsLeft === 0 ? [] : [`${rowsLeft} jobs and bodies are left in the database`]),
    ...Object.entries(grown)
      .filter(([, mib]) => mib > MOST_GROWN_MIB)
      .map(([context, mib]) => `the heap of the ${context} has grown by ${mib.toFixed(2)} MiB`),
  ];
}

async function flap(origin: Lab['origin'], ms: number): Promise<void> {
  const until = Date.now() + ms;
  for (let i = 0; Date.now() < until; i++) {
    const { ms: lasts, service } = ROUND[i % ROUND.length] as (typeof ROUND)[number];
    origin.set({ fault: service === 'unavailable' ? { kind: 'status', status: 503 } : undefined });
    if (service === 'down') await origin.down();
    await new Promise((resolve) => setTimeout(resolve, lasts));
    if (service === 'down') await origin.up();
  }
  origin.set({ fault: undefined });
}

/** Every request has to be accepted, whatever the service does. */
function submitFor(page: Page, ms: number): Promise<void> {
  return page.evaluate(
    async ({ ms, gapMs }) => {
      const until = Date.now() + ms;
      const accepting: Promise<void>[] = [];
      const submit = async (): Promise<void> => {
        // Its body is left unread, as most apps do.
        const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(1024) });
        if (response.status !== 202) throw new Error(`answered ${response.status}`);
      };
      while (Date.now() < until) {
        accepting.push(submit());
        await new Promise((resolve) => setTimeout(resolve, gapMs));
      }
      await Promise.all(accepting);
    },
    { ms, gapMs: 1000 / PER_SECOND },
  );
}

function countsOf(page: Page): Promise<{ accepted: number; done: number; left: number }> {
  return page.evaluate(async () => {
    const { accepted = 0, done = 0, waiting = 1, leased = 1 } = (await sluice.counts())['orders'] ?? {};
    return { accepted, done, left: waiting + leased };
  });
}

async function untilDrained(page: Page): Promise<void> {
  const until = Date.now() + LONGEST_DRAIN_MS;
  while ((await countsOf(page)).left > 0 && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 500));
}

function rowsOf(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('it did not read'));
      });
    const db = await done(indexedDB.open('sluice'));
    const stores = ['jobs', 'bodies'].map((name) => done(db.transaction(name).objectStore(name).count()));
    const counts = await Promise.all(stores);
    db.close();
    return counts.reduce((sum, count) => sum + count, 0);
  });
}
