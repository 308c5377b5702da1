import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startOrigin } from '@sluice/origin';
import { expect, onTestFinished, test } from 'vitest';
import { showBurst } from '../demo/burst.mjs';
import { createCluster } from './store/postgres.kit.js';

const EXAMPLES = join(import.meta.dirname, '../examples');
const SECRET = 'a secret of the tests, 32 characters';

interface Handler {
  fetch(request: Request): Promise<Response>;
}

async function load(name: string): Promise<Handler> {
  process.env.GATE_SECRET = SECRET;
  const loaded = (await import(join(EXAMPLES, name))) as { default: Handler };
  return loaded.default;
}

function order(url: string, headers: Record<string, string> = {}): Request {
  const all = { 'content-type': 'application/json', 'idempotency-key': '"k"', ...headers };
  return new Request(`${url}/api/orders`, { method: 'POST', body: '{"item":"pump"}', headers: all });
}

test('the quick start for Express runs as it stands, and an order that is repeated is one row', async () => {
  const cluster = await createCluster();
  onTestFinished(() => cluster.remove());
  const pool = cluster.pool();
  await pool.query('CREATE TABLE orders (id serial, item text)');
  const env = {
    ...process.env,
    PGHOST: cluster.folder,
    PGUSER: 'gate',
    PGDATABASE: 'postgres',
    GATE_SECRET: SECRET,
    PORT: '0',
  };
  const child = spawn(process.execPath, [join(EXAMPLES, 'express.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const answers = await Promise.all([fetch(order(url)), fetch(order(url)), fetch(order(url))]);
  expect(answers.map(({ status }) => status).filter((status) => status !== 201 && status !== 409)).toEqual(
    [],
  );
  expect(await (await fetch(order(url))).json()).toEqual({ id: 1 });
  expect((await pool.query('SELECT item FROM orders')).rows).toEqual([{ item: 'pump' }]);
});

test('the quick start for Hono runs as it stands', async () => {
  const handler = await load('hono.mjs');
  const url = 'http://service.test';
  expect((await handler.fetch(new Request(`${url}/api/orders`, { method: 'POST' }))).status).toBe(400);
  expect((await handler.fetch(order(url))).status).toBe(201);
  const again = await handler.fetch(order(url));
  expect([await again.json(), again.headers.get('idempotency-replayed')]).toEqual([{ item: 'pump' }, 'true']);
});

test('the quick start for an edge runs as it stands, and its service sees one request', async () => {
  const origin = await startOrigin();
  onTestFinished(() => origin.close());
  process.env.SERVICE_URL = origin.url;
  const handler = await load('edge.mjs');
  const url = 'http://edge.test';
  expect((await handler.fetch(order(url))).status).toBe(200);
  expect((await handler.fetch(order(url))).headers.get('idempotency-replayed')).toBe('true');
  expect(origin.arrivals).toHaveLength(1);
});

test('the demo shows that each order behind the gate is made once, with a node and the database killed in mid-burst', async () => {
  const { without, behind } = await showBurst({ clients: 60 });
  expect(without.answered).toBe(60);
  expect(behind).toMatchObject({ answered: 60, orders: 60, 'orders made twice': 0 });
});
