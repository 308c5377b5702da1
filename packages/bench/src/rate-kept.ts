import type { Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import type { Lab } from './lab.js';
import { mostInAWindow } from './stats.js';

const PER_MS = 1000;
const MARGIN_MS = 50;

/**
 * The service gets the rate that it was promised: all of it, and in no window more. Windows are counted twice: by the instants
 * that the engine has charged, and by those of arrival, which are late by the network and by whatever else this machine does.
 * What is sent where no rate binds is the most that it could keep.
 */
export const rateKept: Benchmark = {
  name: 'rate-kept',
  shows:
    'the share of perMs / (perMs + marginMs) x limit that is used while there is a backlog, windows over the limit, and what is sent without a rate',
  run: async (lab, { isSmoke }) => {
    const figures: Figure[] = [];
    for (const limit of isSmoke ? [50] : [1, 10, 50, 200, 1000]) {
      const seconds = isSmoke ? 2 : limit === 1 ? 15 : 5;
      const backlog = { count: limit * (seconds + 2), until: limit * (seconds + 1) };
      const { arrivals, sends } = await drain(lab, { rate: { limit, perMs: PER_MS } }, backlog);
      const most = (instants: readonly number[]) => ({
        value: mostInAWindow(instants, PER_MS),
        unit: `of ${limit}`,
      });
      figures.push(
        {
          name: `${limit} a second: share used`,
          // The first second is the start of worker and service worker, and of learning how long a turn takes.
          value: shareUsed(arrivals.slice(limit > 1 ? limit : 0), limit),
          unit: '',
        },
        { name: `${limit} a second: most in a window`, ...most(sends) },
        { name: `${limit} a second: most in a window of the service`, ...most(arrivals) },
      );
    }
    const count = isSmoke ? 50 : 1000;
    const backlog = { count: 2 * count, until: 2 * count };
    const { arrivals } = await drain(lab, { adaptive: false }, backlog);
    return [...figures, { name: 'no rate: sends', value: sendsASecond(arrivals.slice(count)), unit: '/s' }];
  },
};

/** Begins with an empty database, and leaves none. `sends`: the last thousand, the log is no longer. */
async function drain(
  lab: Lab,
  orders: object,
  { count, until }: { count: number; until: number },
): Promise<{ arrivals: number[]; sends: number[] }> {
  const page = await lab.open({ ...orders, concurrency: 100 });
  await enqueue(page, count);
  await lab.origin.waitFor(({ arrivals }) => arrivals.length >= until, 120_000);
  const arrivals = lab.origin.arrivals.map(({ at }) => at);
  const sends = await sendsOf(page);
  await page.evaluate(async () => {
    await sluice.pause();
    await sluice.close();
    // It would stay active, and its rules with it: a new one does not take over from one whose database is gone.
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
    await new Promise((resolve) => {
      const deleting = indexedDB.deleteDatabase('sluice');
      deleting.addEventListener('success', resolve);
    });
  });
  await page.close();
  lab.origin.clear();
  return { arrivals, sends };
}

function sendsASecond(instants: readonly number[]): number {
  return (1000 * (instants.length - 1)) / ((instants.at(-1) ?? 0) - (instants[0] ?? 0));
}

/** Of what the window allows from the first to the last instant. */
export function shareUsed(instants: readonly number[], limit: number): number {
  const spanMs = (instants.at(-1) ?? 0) - (instants[0] ?? 0);
  return (instants.length - 1) / ((spanMs * limit) / (PER_MS + MARGIN_MS));
}

function enqueue(page: Page, count: number): Promise<void> {
  return page.evaluate(async (count) => {
    const requests = Array.from(
      { length: count },
      (_, i) => new Request('/api/orders', { method: 'POST', body: `${i}` }),
    );
    await sluice.enqueue(requests);
  }, count);
}

function sendsOf(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('sluice');
      opening.addEventListener('success', () => resolve(opening.result));
    });
    const rows = await new Promise<{ at: number }[]>((resolve) => {
      const reading = db.transaction('sends').objectStore('sends').getAll();
      reading.addEventListener('success', () => resolve(reading.result as { at: number }[]));
    });
    db.close();
    return rows.map(({ at }) => at);
  });
}
