import { defineSluice } from 'sluice';

export default defineSluice({
  queues: {
    orders: { match: { method: 'POST', url: '/api/orders*' }, rate: { limit: 20, perMs: 1000 } },
    notes: { match: [{ method: ['PUT', 'DELETE'], url: '/api/notes/:id' }] },
  },
});
