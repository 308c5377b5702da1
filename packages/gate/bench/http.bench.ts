import { once } from 'node:events';
import { Agent, createServer, request, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Idempotency } from '@node-idempotency/core';
import { MemoryStorageAdapter } from '@node-idempotency/storage-adapter-memory';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { onTestFinished, test } from 'vitest';
import { createGate, memory } from '../src/index.js';
import { listener } from '../src/node/index.js';
import { cpuInTurns } from './load.js';

const BODY = '{"item":"pump"}';
const agent = new Agent({ keepAlive: true, maxSockets: 100 });

let keys = 0;

/** One request over a connection that is kept. */
function post(url: string): () => Promise<void> {
  return () =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': `key-${(keys += 1)}` };
      const sent = request(`${url}/api/orders`, { agent, method: 'POST', headers }, (answer) => {
        if (answer.statusCode !== 201) reject(new Error(`answered ${answer.statusCode}`));
        answer.resume().on('end', resolve);
      });
      sent.on('error', reject).end(BODY);
    });
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bare: RequestListener = (incoming, answer) => {
  incoming.resume().on('end', () => answer.writeHead(201).end('done'));
};

async function gateWith(idempotency: 'off' | 'optional'): Promise<RequestListener> {
  const gate = await createGate({
    store: memory(),
    secret: 'a secret of the tests, 32 characters',
    identity: () => '',
    queues: { orders: { match: { url: '/api/orders' }, idempotency } },
  });
  onTestFinished(() => gate.close());
  return listener(gate, bare);
}

/** As its documentation has it, in Express, behind a limiter that never limits. */
function peers(): RequestListener {
  const idempotency = new Idempotency(new MemoryStorageAdapter());
  const app = express();
  app.use(rateLimit({ windowMs: 1000, limit: 1e9 }), express.json());
  app.post('/api/orders', async (incoming, answer) => {
    const about = { headers: incoming.headers, path: incoming.path, body: incoming.body, method: 'POST' };
    const known = await idempotency.onRequest<string, unknown>(about);
    if (known) return void answer.status(201).send(known.body);
    await idempotency.onResponse(about, { body: 'done' });
    answer.status(201).send('done');
  });
  return app;
}

async function plainExpress(): Promise<RequestListener> {
  const app = express();
  app.use(express.json());
  app.post('/api/orders', (_, answer) => void answer.status(201).send('done'));
  return app;
}

test('CPU time of a request in memory: bare, through the gate, and through its peers', async () => {
  const contenders = {
    'bare node:http': post(await serve(bare)),
    'gate, keys off': post(await serve(await gateWith('off'))),
    'gate, keys on': post(await serve(await gateWith('optional'))),
    'plain Express': post(await serve(await plainExpress())),
    'Express, express-rate-limit, @node-idempotency/core': post(await serve(peers())),
  };
  await cpuInTurns('HTTP in memory, 50 at a time', contenders, 50);
});
