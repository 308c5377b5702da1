import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createGate } from '../gate/gate.js';
import { effectsOf, type Fleet, startFleet } from './fleet.kit.js';
import { postgres } from './postgres.js';
import { type Cluster, createCluster } from './postgres.kit.js';

async function newCluster(settings?: Record<string, string>): Promise<Cluster> {
  const cluster = await createCluster(settings);
  onTestFinished(() => cluster.remove());
  return cluster;
}

const EFFECTS = 'CREATE TABLE effects (n serial, key text NOT NULL)';
const ROUNDS = 10;
/** Ten servers are made, one after the other. */
const LONG_MS = 400_000;

/** Orders of which a few are answered when the fault comes, and the rest are under way. */
async function orderThrough(fleet: Fleet, name: string, fault: () => Promise<void>): Promise<string[]> {
  const keys = Array.from({ length: 30 }, (_, n) => `${name}-${n}`);
  let answered = 0;
  let strike: () => void = () => undefined;
  const struck = new Promise<void>((resolve) => {
    strike = resolve;
  }).then(fault);
  const direct = keys.slice(0, 20).map(async (key) => {
    const number = await fleet.order(key);
    if ((answered += 1) === 5) strike();
    return number;
  });
  const later = keys.slice(20).map(async (key) => {
    const ticket = await fleet.orderLater(key);
    return ticket === undefined ? undefined : fleet.outcome(ticket);
  });
  await struck;
  await Promise.all([...direct, ...later]);
  return keys;
}

test(
  'kill -9 of PostgreSQL in mid-load, ten times: each order is answered, and has one effect',
  async () => {
    const cluster = await newCluster();
    const pool = cluster.pool();
    await pool.query(EFFECTS);
    const fleet = await startFleet(() => cluster.pool());
    for (let round = 0; round < ROUNDS; round += 1) {
      const keys = await orderThrough(fleet, `round${round}`, async () => {
        await cluster.kill();
        await cluster.start();
      });
      expect(await effectsOf(pool, keys)).toEqual(keys.map(() => 1));
    }
  },
  LONG_MS,
);

test(
  'promotion of a synchronous standby in mid-load, ten times: nothing that was answered is lost, and no effect happens twice',
  async () => {
    const first = await newCluster();
    const current = join(first.folder, 'current');
    symlinkSync(first.folder, current);
    let primary = first;
    const newPool = (): pg.Pool => first.pool({ host: current });
    await newPool().query(EFFECTS);
    const fleet = await startFleet(newPool);
    for (let round = 0; round < ROUNDS; round += 1) {
      const standby = await primary.standby();
      onTestFinished(() => standby.remove());
      const keys = await orderThrough(fleet, `round${round}`, async () => {
        await primary.kill();
        unlinkSync(current);
        symlinkSync(standby.folder, current);
        await standby.promote();
      });
      primary = standby;
      expect(await effectsOf(primary.pool(), keys)).toEqual(keys.map(() => 1));
    }
  },
  LONG_MS,
);

const QUEUES = { orders: { match: { url: '/orders' }, leaseMs: 500 } };

function gateOn(pool: pg.Pool, timeoutMs = 2000) {
  const store = postgres(pool, { timeoutMs });
  return createGate({
    store,
    secret: 'a secret of the tests, 32 characters',
    identity: () => '',
    queues: QUEUES,
  });
}

test.each([
  ['synchronous_commit=off', '-c synchronous_commit=off'],
  ['default_transaction_read_only=on', '-c default_transaction_read_only=on'],
])('the gate refuses to start on a server with %s', async (setting, options) => {
  const cluster = await newCluster();
  const [name = ''] = setting.split('=');
  const wanted = { code: 'store-unfit', message: expect.stringContaining(name.replace('default_', '')) };
  await expect(gateOn(cluster.pool({ options }))).rejects.toMatchObject(wanted);
});

test('the gate refuses to start on a server without fsync, on a standby, and where there is no server', async () => {
  const unsafe = await newCluster({ fsync: 'off' });
  await expect(gateOn(unsafe.pool())).rejects.toMatchObject({ code: 'store-unfit' });
  const standby = await unsafe.standby();
  onTestFinished(() => standby.remove());
  await expect(gateOn(standby.pool())).rejects.toMatchObject({ code: 'store-unfit' });
  await standby.kill();
  await expect(gateOn(standby.pool())).rejects.toMatchObject({ code: 'store-unreachable' });
});

function orderAt(gate: Awaited<ReturnType<typeof gateOn>>, key: string): Promise<Response> {
  const request = new Request('http://service.test/orders', {
    method: 'POST',
    headers: { 'idempotency-key': key },
  });
  return gate.handle(request, () => new Response('done', { status: 201 }));
}

test('a store that is gone is a clear 503, and the gate goes on when it is back', async () => {
  const cluster = await newCluster();
  const gate = await gateOn(cluster.pool());
  onTestFinished(() => gate.close());
  await cluster.kill();
  const answer = await orderAt(gate, 'k');
  expect([answer.status, answer.headers.get('retry-after'), (await answer.json()).code]).toEqual([
    503,
    '2',
    'store-unreachable',
  ]);
  await cluster.start();
  expect((await orderAt(gate, 'k')).status).toBe(201);
});

test('a store that is too slow is a clear 503, and the key is free when it is back', async () => {
  const cluster = await newCluster();
  const gate = await gateOn(cluster.pool(), 300);
  onTestFinished(() => gate.close());
  const other = await cluster.pool().connect();
  await other.query("BEGIN; SELECT * FROM sluice_queues WHERE name = 'orders' FOR UPDATE");
  expect((await orderAt(gate, 'k')).status).toBe(503);
  await other.query('ROLLBACK');
  other.release();
  expect((await orderAt(gate, 'k')).status).toBe(201);
});

test('a store that turns read-only is a clear 503', async () => {
  const cluster = await newCluster();
  const pool = cluster.pool();
  const gate = await gateOn(pool);
  onTestFinished(() => gate.close());
  await cluster.pool().query('ALTER ROLE gate SET default_transaction_read_only = on');
  await cluster
    .pool()
    .query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL',
    );
  const answer = await orderAt(gate, 'k');
  expect([answer.status, (await answer.json()).code]).toEqual([503, 'store-unreachable']);
});
