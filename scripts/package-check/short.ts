import { runSluice } from 'sluice/auto';

export default runSluice({
  queues: {
    orders: {
      match: { method: 'POST', url: '/api/orders{/*}?' },
      rate: { limit: 5, perMs: 1000, burst: 2 },
      concurrency: 2,
      orderingKey: (request) => (request.json() as { customer: string }).customer,
      prepare: (request, { job, context }) =>
        typeof context.token === 'string' && job.attempts < 3 ? new Request(request) : 'sign-in',
    },
  },
});
