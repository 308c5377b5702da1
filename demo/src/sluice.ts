import { runSluice } from 'sluice/auto';

/** The page asks for another rate by registering this script under another query. */
const wish = (name: string, fallback: number): number =>
  Number(new URL(location.href).searchParams.get(name)) || fallback;

export default runSluice({
  queues: {
    orders: {
      match: { method: 'POST', url: '/api/orders' },
      rate: { limit: wish('limit', 5), perMs: 1000 },
      concurrency: wish('concurrency', 2),
      backoff: { baseMs: 500, maxMs: 10_000 },
    },
  },
});
