import { runSluice } from 'sluice/auto';
import { FIRST_PACE } from './pace.js';

export default runSluice({
  queues: {
    orders: {
      match: { method: 'POST', url: '/api/orders' },
      rate: { limit: FIRST_PACE.limit, perMs: 1000 },
      concurrency: FIRST_PACE.concurrency,
      backoff: { baseMs: 500, maxMs: 10_000 },
    },
  },
});
