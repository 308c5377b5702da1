import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

test('work of which a statement failed is not told as done, though it has swallowed the error', async () => {
  const { engine } = await newEngine();
  const work = async (tx: pg.PoolClient): Promise<string> => {
    await tx.query('SELECT 1 / 0').catch(() => undefined);
    return 'done';
  };
  await expect(engine.once(undefined, work)).rejects.toMatchObject({ code: '25P02' });
});

describe('the contract', () => {
  contract(async () => ({ engine: (await newEngine()).engine, queue: 'orders' }));
});
