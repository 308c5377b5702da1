import { once } from 'node:events';
import { createServer } from 'node:http';
import pg from 'pg';
import { createGate, postgres } from '../dist/index.js';
import { listener } from '../dist/node/index.js';

/** One node of the demo's service: an order is a row, and takes a little time to answer. Its argument is JSON: `{ host, rate, isGated }`. */
const { host, rate, isGated } = JSON.parse(process.argv[2]);
const ANSWER_MS = 50;

const pool = new pg.Pool({ host, user: 'gate', database: 'postgres', max: 40 });
pool.on('error', () => undefined);

const gate = await opened({
  store: postgres(pool),
  secret: 'a secret of the demo, 32 characters',
  identity: () => '',
  queues: { orders: { match: { url: '/orders' }, rate, leaseMs: 2000, afterCrash: 'repeat' } },
});

/** A node that starts while the database is down waits for it. */
async function opened(options) {
  for (;;) {
    try {
      return await createGate(options);
    } catch (error) {
      if (error.code !== 'store-unreachable') throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** The effect: in the transaction of the key behind the gate, by itself without it. */
function makeOrder(request) {
  const insert = (client) =>
    client.query('INSERT INTO orders (key) VALUES ($1)', [request.headers['idempotency-key']]);
  return isGated ? gate.once(request, (tx) => insert(tx).then(() => true)) : insert(pool);
}

async function answer(request, response) {
  try {
    await makeOrder(request);
    await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
    response.writeHead(201).end();
  } catch {
    response.writeHead(500).end();
  }
}

const service = (request, response) => void answer(request, response);
const server = createServer(isGated ? listener(gate, service) : service).listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(server.address().port);
