import { RateLimiterPostgres } from 'rate-limiter-flexible';
import { expect, test } from 'vitest';
import { type Arrival, admit, idOf } from '../src/core/admission.js';
import { createGate, postgres } from '../src/index.js';
import type { QueuePolicy } from '../src/core/queue-row.js';
import { Committer } from '../src/store/committer.js';
import { createCluster } from '../src/store/postgres.kit.js';
import { inTurns, rateOf } from './load.js';

const BODY = new Uint8Array(1024);

/** Nothing is sent at once: each request goes into the line. */
const ALL_TO_THE_LINE: QueuePolicy = {
  rate: { limit: 1, perMs: 86_400_000 },
  holdMs: 0,
  leaseMs: 30_000,
  keepKeysMs: 86_400_000,
  afterCrash: 'unknown',
  line: { maxJobs: 1e9, maxBytes: 1e12, maxAttempts: 1, concurrency: 1 },
};

test('durable accepts a second, 1 KB, against the floor of one row in one transaction, and rate-limiter-flexible', async () => {
  const cluster = await createCluster();
  const pool = cluster.pool({ max: 20 });
  const engine = postgres(pool, { timeoutMs: 30_000 });
  await engine.open(['orders', 'keys']);
  const line = new Committer(engine, 'orders', 100_000);
  await line.run({}, (book) => admit(book, arrival('first', false), ALL_TO_THE_LINE));
  await pool.query('CREATE TABLE floor (key text PRIMARY KEY, body bytea)');
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    tableName: 'limits',
    points: 1e9,
    duration: 1,
  });
  const gate = await createGate({
    store: engine,
    secret: 'a secret of the tests, 32 characters',
    identity: () => '',
    queues: { keys: { match: { url: '/keys' } } },
  });
  let id = 0;
  const nextId = (): string => `id-${(id += 1)}`;
  const contenders = {
    'floor: insert of one row': () =>
      pool.query('INSERT INTO floor VALUES ($1, $2)', [nextId(), Buffer.from(BODY)]),
    'gate: accepted by the line': async () => {
      const one = arrival(nextId(), true);
      const { kind } = await line.run({ keys: [idOf(one)] }, (book) => admit(book, one, ALL_TO_THE_LINE));
      expect(kind).toBe('accepted');
    },
    'gate: request with a key': async () => {
      const init = { method: 'POST', body: BODY, headers: { 'idempotency-key': nextId() } };
      const answer = await gate.handle(new Request('http://x.test/keys', init), () => new Response('done'));
      expect(answer.status).toBe(200);
    },
    'rate-limiter-flexible: consume': () => limiter.consume(nextId()),
  };
  for (const concurrency of [1, 100, 1000])
    await inTurns(`PostgreSQL, ${concurrency} at a time`, contenders, concurrency);
  await gate.close();
  await cluster.remove();
});

test('what one disk commits', async () => {
  const cluster = await createCluster();
  const pool = cluster.pool({ max: 1 });
  await pool.query('CREATE TABLE floor (n int)');
  const commits = await rateOf(() => pool.query('INSERT INTO floor VALUES (1)'), {
    concurrency: 1,
    ms: 2000,
  });
  console.log(`commits a second, one connection: ${Math.round(commits)}`);
  await cluster.remove();
});

function arrival(id: string, consents: boolean): Arrival {
  const request = { method: 'POST', url: 'http://x.test/orders', headers: [], body: BODY };
  return {
    identity: '',
    key: id,
    fingerprint: 'f',
    id,
    leadMs: 0,
    slot: undefined,
    mayTakeNumber: false,
    request: consents ? request : undefined,
  };
}
