import type pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Engine } from './engine.js';
import { contract } from './engine.contract.js';
import { postgres } from './postgres.js';
import { type Cluster, createCluster } from './postgres.kit.js';

let cluster: Cluster;
let schemas = 0;

beforeAll(async () => {
  cluster = await createCluster();
});
afterAll(() => cluster.remove());

/** An engine in a schema of its own, so that tests do not meet. */
async function newEngine(): Promise<{ engine: Engine<pg.PoolClient>; pool: pg.Pool }> {
  const schema = `test_${(schemas += 1)}`;
  await cluster.pool({ max: 1 }).query(`CREATE SCHEMA ${schema}`);
  const pool = cluster.pool({ options: `-c search_path=${schema}` });
  const engine = postgres(pool);
  await engine.open(['orders']);
  return { engine, pool };
}

describe('the contract', () => {
  contract(async () => ({ engine: (await newEngine()).engine, queue: 'orders' }));
});
