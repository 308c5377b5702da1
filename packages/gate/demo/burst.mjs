import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createCluster } from '../test/cluster.mjs';
import { order } from './client.mjs';

const RATE = { limit: 50, perMs: 1000 };
const NODE = join(import.meta.dirname, 'node.mjs');

/**
 * `npm start -- --gate`: 300 clients come back at once to a service of two nodes that takes 50 a second. A node is killed in mid-burst, then
 * the database. Once without the gate and once with it, and what the service's own record says.
 */
export async function showBurst({ clients = 300 } = {}) {
  const without = await burst(clients, false);
  const behind = await burst(clients, true);
  console.table({ 'without the gate': without, 'behind the gate': behind });
  return { without, behind };
}

async function burst(count, isGated) {
  console.log(`\n${count} clients, ${isGated ? 'behind the gate' : 'without the gate'}`);
  const cluster = await createCluster();
  const pool = cluster.pool({ max: 2 });
  await pool.query(
    'CREATE TABLE orders (key text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())',
  );
  const nodes = new Nodes({ host: cluster.folder, rate: RATE, isGated });
  await nodes.start();
  const startedAt = performance.now();
  let answered = 0;
  const faults = new Map([
    [Math.ceil(count / 10), () => nodes.killOne()],
    [Math.ceil(count / 3), () => killDatabase(cluster)],
  ]);
  const clients = Array.from({ length: count }, async (_, n) => {
    const requests = await order(`order-${n}`, () => nodes.next());
    void faults.get((answered += 1))?.();
    return requests;
  });
  const requests = (await Promise.all(clients)).reduce((sum, one) => sum + one, 0);
  const seconds = (performance.now() - startedAt) / 1000;
  const record = await recordOf(pool);
  nodes.end();
  await cluster.remove();
  return { answered, requests, seconds: Number(seconds.toFixed(1)), ...record };
}

async function killDatabase(cluster) {
  console.log('  kill -9 of the database, and its start');
  await cluster.kill();
  await cluster.start();
}

/** What the service has on its disk. */
async function recordOf(pool) {
  const { rows } = await pool.query(
    'SELECT key, extract(epoch FROM at) * 1000 AS at FROM orders ORDER BY at',
  );
  const counts = new Map();
  for (const { key } of rows) counts.set(key, (counts.get(key) ?? 0) + 1);
  const instants = rows.map(({ at }) => Number(at));
  let from = 0;
  const most = instants.reduce((highest, at, n) => {
    while (at - instants[from] >= RATE.perMs) from += 1;
    return Math.max(highest, n - from + 1);
  }, 0);
  return {
    orders: rows.length,
    'orders made twice': [...counts.values()].filter((count) => count > 1).length,
    'most in any second': most,
  };
}

class Nodes {
  #options;
  #running = [];
  #turn = 0;

  constructor(options) {
    this.#options = options;
  }

  async start() {
    this.#running = [await this.#spawn(), await this.#spawn()];
  }

  next() {
    this.#turn += 1;
    return this.#running[this.#turn % this.#running.length].url;
  }

  async killOne() {
    console.log('  kill -9 of a node, and its start');
    this.#running[0].child.kill('SIGKILL');
    this.#running[0] = await this.#spawn();
  }

  end() {
    for (const { child } of this.#running) child.kill('SIGKILL');
  }

  async #spawn() {
    const child = spawn(process.execPath, [NODE, JSON.stringify(this.#options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = await once(child.stdout, 'data');
    return { child, url: `http://127.0.0.1:${String(port).trim()}` };
  }
}
