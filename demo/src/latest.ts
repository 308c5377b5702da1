import type { JobView } from 'sluice';
import type { Connection } from './app.js';

const PAGE = 100;

/** Lists the jobs that ended last. The store lists them from the first on: what was read once is not read again. */
export function latestOf(
  sluice: Connection,
  state: 'done' | 'cancelled',
  count: number,
): () => Promise<JobView[]> {
  let kept: JobView[] = [];
  let after: string | undefined;
  return async () => {
    for (;;) {
      const { jobs, next } = await sluice.list({
        queue: 'orders',
        state,
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      const latest = [...kept, ...jobs].slice(-count);
      if (next === undefined) return latest;
      kept = latest;
      after = next;
    }
  };
}
