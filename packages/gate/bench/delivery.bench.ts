import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { onTestFinished, test } from 'vitest';
import { mostInAnyWindow } from '../src/core/one-queue.kit.js';
import { createGate, memory } from '../src/index.js';
import { middleware } from '../src/node/index.js';

const LIMIT = 100;
const FOR_MS = 5000;

/** What a client waits that was turned away. */
const PAUSE_MS = 50;

/** Clients that soon ask again when they are turned away, for some seconds. Returns when the service was reached. */
async function flood(limiter: express.RequestHandler): Promise<number[]> {
  const sent: number[] = [];
  const app = express();
  app.use(limiter);
  app.post('/', (_, answer) => {
    sent.push(performance.now());
    answer.end();
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const until = performance.now() + FOR_MS;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const answer = await fetch(url, { method: 'POST' });
      await answer.arrayBuffer();
      if (answer.status === 429) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  await Promise.all(Array.from({ length: 50 }, client));
  return sent;
}

test('how much of a rate is used, and the most in any window of it', async () => {
  const gate = await createGate({
    store: memory(),
    secret: 'a secret of the tests, 32 characters',
    identity: () => '',
    queues: { all: { match: { url: '/' }, rate: { limit: LIMIT, perMs: 1000 } } },
  });
  onTestFinished(() => gate.close());
  const contenders = {
    gate: middleware(gate) as unknown as express.RequestHandler,
    'express-rate-limit': rateLimit({ windowMs: 1000, limit: LIMIT }),
  };
  const rows = [];
  for (const [name, limiter] of Object.entries(contenders)) {
    const sent = await flood(limiter);
    const used = sent.length / ((LIMIT * FOR_MS) / 1000);
    rows.push({
      name,
      used: Number(used.toFixed(2)),
      mostInAnyWindow: mostInAnyWindow(sent, 1000),
      limit: LIMIT,
    });
  }
  console.table(rows);
});
