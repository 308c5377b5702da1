import { startOrigin } from '@sluice/origin';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type pg from 'pg';
import { mostInAnyWindow } from '../core/one-queue.kit.js';
import { type Cluster, createCluster } from '../store/postgres.kit.js';
import { startNode, type NodeProcess, type StopPoint } from './nodes.kit.js';

let cluster: Cluster;
let pool: pg.Pool;

beforeAll(async () => {
  cluster = await createCluster();
  pool = cluster.pool();
});
afterAll(() => cluster.remove());
beforeEach(async () => {
  await pool.query('DROP TABLE IF EXISTS sluice_queues, sluice_keys, sluice_slots, effects');
  await pool.query('CREATE TABLE effects (n serial, key text NOT NULL)');
});

async function threeNodes(options: Omit<Parameters<typeof startNode>[0], 'host'>): Promise<NodeProcess[]> {
  return Promise.all([1, 2, 3].map(() => startNode({ host: cluster.folder, ...options })));
}

function order(
  node: NodeProcess | undefined,
  key: string,
  more: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${node?.url}/api/orders`, {
    method: 'POST',
    body: 'an order',
    headers: { 'idempotency-key': key, ...more },
  });
}

/** A client that repeats its request, with its key, until it has an answer of the service. */
async function orderUntilAnswered(node: NodeProcess, key: string): Promise<Response> {
  let last = '';
  for (let tries = 0; tries < 2000; tries += 1) {
    const answer = await order(node, key);
    if (answer.status < 400) return answer;
    last = await answer.text();
  }
  throw new Error(`no answer of the service after 2,000 tries: ${last}`);
}

async function effectsOf(keys: readonly string[]): Promise<number[]> {
  const { rows } = await pool.query('SELECT key, count(*)::int AS count FROM effects GROUP BY key');
  const counts = new Map(rows.map(({ key, count }: { key: string; count: number }) => [key, count]));
  return keys.map((key) => counts.get(key) ?? 0);
}

test('1,000 requests of one key over three nodes have one effect, by the record of the service', async () => {
  const origin = await startOrigin();
  onTestFinished(() => origin.close());
  const nodes = await threeNodes({ service: 'forward', forwardTo: `${origin.url}/api/orders` });
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => order(nodes[n % 3], 'one-key')));
  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].filter((status) => status !== 200 && status !== 409)).toEqual([]);
  expect(origin.arrivals).toHaveLength(1);
  const replays = answers.filter(
    ({ status, headers }) => status === 200 && !headers.has('idempotency-replayed'),
  );
  expect(replays).toHaveLength(1);
});

test('three nodes keep one rate: no window sees more sends, and the service sees no more but for the way to it', async () => {
  const origin = await startOrigin();
  onTestFinished(() => origin.close());
  const rate = { limit: 50, perMs: 1000 };
  const queue = { rate, holdMs: 60_000 };
  const nodes = await threeNodes({ service: 'forward', forwardTo: `${origin.url}/api/orders`, queue });
  const answers = await Promise.all(Array.from({ length: 150 }, (_, n) => order(nodes[n % 3], `key-${n}`)));
  expect(answers.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual([]);
  const sent = await Promise.all(
    nodes.map(async ({ url }) => (await fetch(`${url}/sent`)).json() as Promise<number[]>),
  );
  expect(sent.flat()).toHaveLength(150);
  expect(sent.every((ofNode) => ofNode.length > 0)).toBe(true);
  expect(mostInAnyWindow(sent.flat(), rate.perMs)).toBeLessThanOrEqual(rate.limit);
  // A send may be a little slower on its way than the one behind it.
  const arrived = origin.arrivals.map(({ at }) => at);
  expect(mostInAnyWindow(arrived, rate.perMs - 200)).toBeLessThanOrEqual(rate.limit);
});

const STOPS: readonly StopPoint[] = ['hold', 'send', 'effect', 'committed', 'settle', 'answer'];

test.each(STOPS)(
  'kill -9 of a node at "%s", ten times: each order has one effect, and is answered by another node',
  async (stopAt) => {
    const queue = { leaseMs: 300, afterCrash: 'repeat' } as const;
    const other = await startNode({ host: cluster.folder, service: 'once', queue });
    const keys = Array.from({ length: 10 }, (_, n) => `${stopAt}-${n}`);
    const answers = await Promise.all(
      keys.map(async (key) => {
        const node = await startNode({ host: cluster.folder, service: 'once', queue, stopAt });
        const broken = order(node, key).catch(() => undefined);
        await node.stopped();
        node.kill();
        expect(await broken).toBeUndefined();
        return (await orderUntilAnswered(other, key)).status;
      }),
    );
    expect(answers).toEqual(keys.map(() => 201));
    expect(await effectsOf(keys)).toEqual(keys.map(() => 1));
  },
);

test.each(['send', 'effect', 'committed'] as const)(
  'kill -9 of a node at "%s" with ten jobs of the line: another one ends each with one effect',
  async (stopAt) => {
    const rate = { limit: 100, perMs: 1000 };
    const queue = { leaseMs: 1000, afterCrash: 'repeat', rate, holdMs: 0, line: {} } as const;
    const node = await startNode({ host: cluster.folder, service: 'once', queue, stopAt });
    // No instant is idle: the line takes what comes.
    await pool.query('UPDATE sluice_queues SET tat = extract(epoch FROM clock_timestamp()) * 1000 + 1000');
    const keys = Array.from({ length: 10 }, (_, n) => `${stopAt}-${n}`);
    const receipts = await Promise.all(keys.map((key) => order(node, key, { prefer: 'respond-async' })));
    expect(receipts.map(({ status }) => status)).toEqual(keys.map(() => 202));
    await node.stopped(10);
    node.kill();
    const other = await startNode({ host: cluster.folder, service: 'once', queue });
    const ends = receipts.map(async ({ headers }) => {
      const ask = (): Promise<Response> =>
        fetch(other.url + headers.get('location'), { headers: { prefer: 'wait=10' } });
      let answer = await ask();
      while (answer.status === 202) answer = await ask();
      return answer.status;
    });
    expect(await Promise.all(ends)).toEqual(keys.map(() => 201));
    expect(await effectsOf(keys)).toEqual(keys.map(() => 1));
  },
);

test('without `once` a node that is killed in mid-send leaves its key unknown, and there is no second effect', async () => {
  const queue = { leaseMs: 300 };
  const other = await startNode({ host: cluster.folder, service: 'once', queue });
  const node = await startNode({ host: cluster.folder, service: 'once', queue, stopAt: 'send' });
  const broken = order(node, 'k').catch(() => undefined);
  await node.stopped();
  node.kill();
  await broken;
  let answer = await order(other, 'k');
  while ((await answer.clone().json()).code === 'key-outstanding') answer = await order(other, 'k');
  expect([answer.status, (await answer.json()).code]).toEqual([409, 'outcome-unknown']);
  expect(await effectsOf(['k'])).toEqual([0]);
});
