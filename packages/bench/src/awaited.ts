import type { Benchmark, Figure } from './benchmark.js';
import { shareUsed } from './rate-kept.js';

const LIMIT = 50;

/** What an app pays that asks how each of its requests ends: `await sluice.settled(ticket)`, thousands of times. */
export const awaited: Benchmark = {
  name: 'awaited',
  shows: `the share of ${LIMIT} sends a second that is used while the page waits for the end of each job`,
  run: async (lab, { isSmoke }) => {
    const figures: Figure[] = [];
    for (const count of isSmoke ? [200] : [100, 1000, 10_000]) {
      const page = await lab.open({ rate: { limit: LIMIT, perMs: 1000 }, concurrency: 100 });
      const sends = Math.min(count, isSmoke ? 100 : 500);
      await page.evaluate(async (count) => {
        const order = () => new Request('/api/orders', { method: 'POST', body: 'x' });
        await sluice.clear({ queue: 'orders' });
        const jobs = await sluice.enqueue(Array.from({ length: count }, order));
        for (const { ticket } of jobs) void sluice.settled(ticket);
      }, count);
      lab.origin.clear();
      await lab.origin.waitFor(({ arrivals }) => arrivals.length >= sends, 120_000);
      const arrivals = lab.origin.arrivals.map(({ at }) => at);
      figures.push({ name: `${count} waited for: share used`, value: shareUsed(arrivals, LIMIT), unit: '' });
      await page.close();
    }
    return figures;
  },
};
