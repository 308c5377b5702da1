import { createGate, memory } from '@sluice/gate';
import { Hono } from 'hono';

const gate = await createGate({
  store: memory(), // one process; postgres(pool) for many
  secret: process.env.GATE_SECRET,
  identity: (request) => request.headers.get('x-user') ?? '',
  queues: {
    orders: { match: { url: '/api/orders' }, rate: { limit: 100, perMs: 1000 }, idempotency: 'required' },
  },
});

const app = new Hono();
app.post('/api/orders', async (context) => context.json(await context.req.json(), 201));

export default { fetch: (request) => gate.handle(request, app.fetch) };
