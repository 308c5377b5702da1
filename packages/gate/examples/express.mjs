import { createGate, postgres } from '@sluice/gate';
import { middleware } from '@sluice/gate/node';
import express from 'express';
import pg from 'pg';

const gate = await createGate({
  store: postgres(new pg.Pool()), // PGHOST and the rest of the environment say where
  secret: process.env.GATE_SECRET, // 32 characters or more, the same on all nodes
  identity: (request) => request.headers.get('x-user') ?? '', // what your sign-in check has found out
  queues: {
    orders: { match: { url: '/api/orders' }, rate: { limit: 100, perMs: 1000 }, afterCrash: 'repeat' },
  },
});

const app = express();
app.use(middleware(gate)); // behind sign-in and CORS, before body parsers
app.use(express.json());
app.post('/api/orders', async (request, response) => {
  const id = await gate.once(request, async (tx) => {
    const { rows } = await tx.query('INSERT INTO orders (item) VALUES ($1) RETURNING id', [
      request.body.item,
    ]);
    return rows[0].id; // commits with the key: a repeat gets this id, and there is no second order
  });
  response.status(201).json({ id });
});
const server = app.listen(process.env.PORT ?? 3000, () => console.log(server.address().port));
