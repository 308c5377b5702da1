import { once } from 'node:events';
import { createServer } from 'node:http';
import pg from 'pg';
import { createGate, postgres } from '../dist/index.js';
import { listener } from '../dist/node/index.js';

/**
 * One node of a service behind the gate, as a process that tests can kill. Its first argument is JSON:
 * `{ host, secret, queue, service: 'once' | 'forward', forwardTo, stopAt }`. It prints its port, then the stop that it has reached.
 */
const options = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ host: options.host, user: 'gate', database: 'postgres', max: 30 });
pool.on('error', () => undefined);

// A machine that is busy with other tests is no fault of the store.
const engine = postgres(pool, { timeoutMs: 30_000 });
const gate = await createGate({
  store: withStops(engine),
  secret: options.secret,
  identity: () => '',
  queues: { orders: { match: { url: '/api/orders' }, ...options.queue } },
  deliver: async (request) =>
    Response.json(await makeOrder(request, request.headers.get('idempotency-key')), { status: 201 }),
});
/** Instants of the sends, by the store's clock. */
const sent = [];

const services = {
  once: async (request, response) => {
    const order = await makeOrder(request, request.headers['idempotency-key']);
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(order));
  },
  /** The effect is a request to a service that keeps a record. */
  forward: async (request, response) => {
    sent.push(engine.now());
    const answer = await fetch(options.forwardTo, {
      method: 'POST',
      headers: { 'x-key': request.headers['idempotency-key'] ?? '' },
    });
    response.writeHead(answer.status).end(await answer.text());
  },
};

const server = createServer(
  listener(gate, (request, response) => {
    if (request.url === '/sent') return response.end(JSON.stringify(sent));
    services[options.service](request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  }),
);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(server.address().port);

/** The effect is a row, in the transaction of the key. */
async function makeOrder(request, key) {
  await stop('send');
  const number = await gate.once(request, async (tx) => {
    const { rows } = await tx.query('INSERT INTO effects (key) VALUES ($1) RETURNING n', [key]);
    await stop('effect');
    return rows[0].n;
  });
  await stop('committed');
  return { number };
}

/** Says where it is, and goes no further: it is there that it is killed. */
async function stop(point) {
  if (point !== options.stopAt) return;
  console.log(point);
  await new Promise(() => undefined);
}

/** A request takes two transactions: it is admitted, then settled. */
function withStops(real) {
  let transactions = 0;
  const methods = ['open', 'now', 'once', 'requestsOf', 'look', 'list', 'counts', 'sweep', 'close'];
  return Object.assign(Object.fromEntries(methods.map((name) => [name, (...args) => real[name](...args)])), {
    transact: async (...args) => {
      transactions += 1;
      const turn = transactions;
      if (turn === 2) await stop('settle');
      const result = await real.transact(...args);
      await stop(turn === 1 ? 'hold' : 'answer');
      return result;
    },
  });
}
