import type { Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import { mostInAWindow } from './stats.js';

const PER_MS = 1000;
const MARGIN_MS = 50;

/**
 * The service gets the rate that it was promised: all of it, and in no window more. Windows are counted twice: by the instants
 * that the engine has charged, and by those of arrival, which are late by the network and by whatever else this machine does.
 */
export const rateKept: Benchmark = {
  name: 'rate-kept',
  shows:
    'the share of perMs / (perMs + marginMs) x limit that is used while there is a backlog, and windows over the limit',
  run: async (lab, { isSmoke }) => {
    const figures: Figure[] = [];
    for (const limit of isSmoke ? [50] : [1, 10, 50, 200, 1000]) {
      const seconds = isSmoke ? 2 : limit === 1 ? 15 : 5;
      const page = await lab.open({ rate: { limit, perMs: PER_MS }, concurrency: 100 });
      await enqueue(page, limit * (seconds + 2));
      await lab.origin.waitFor(({ arrivals }) => arrivals.length >= limit * (seconds + 1), 120_000);
      // The first second is the start of worker and service worker, and of learning how long a turn takes.
      const arrivals = lab.origin.arrivals.map(({ at }) => at);
      const share = shareUsed(arrivals.slice(limit > 1 ? limit : 0), limit);
      // The last thousand: the log is no longer.
      const sends = await sendsOf(page);
      const most = (instants: readonly number[]) => ({
        value: mostInAWindow(instants, PER_MS),
        unit: `of ${limit}`,
      });
      figures.push(
        { name: `${limit} a second: share used`, value: share, unit: '' },
        { name: `${limit} a second: most in a window`, ...most(sends) },
        { name: `${limit} a second: most in a window of the service`, ...most(arrivals) },
      );
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
    }
    return figures;
  },
};

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
