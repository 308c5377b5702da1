import { beforeEach, expect, test } from 'vitest';
import { openContext, revealSecrets } from '../transport/seal.js';
import fixture from './fixtures/schema-1.json';
import { foreignSendUntil, openIdentity, signIn } from './identity.js';
import { openIndexedDb } from './indexed-db.js';
import { readOwner } from './owners.js';
import { listJobs, readJob } from './query.js';
import { readQueues } from './queues.js';
import type { Database } from './rows.js';
import { createStore } from './store.js';

// A database as version 1 wrote it, with a job in each state: made once, by that version, and never again.
const INDEXES: Record<string, { key: string | string[]; indexes: Record<string, string[]> }> = {
  jobs: {
    key: ['queue', 'seq'],
    indexes: {
      byState: ['queue', 'state.kind', 'state.at', 'seq'],
      byChain: ['queue', 'chain', 'link', 'seq'],
      byAfter: ['queue', 'after', 'seq'],
    },
  },
  bodies: { key: ['queue', 'seq'], indexes: {} },
  queues: { key: 'name', indexes: {} },
  sends: { key: ['queue', 'n'], indexes: {} },
  results: {
    key: ['queue', 'seq'],
    indexes: { byEnd: ['queue', 'end.kind', 'end.at', 'seq'], byExpiry: ['expiresAt'] },
  },
  paces: { key: 'origin', indexes: {} },
  flows: { key: ['queue', 'priority', 'key'], indexes: {} },
  twins: { key: ['queue', 'key'], indexes: { byExpiry: ['expiresAt'] } },
  meta: { key: 'key', indexes: {} },
};
const T0 = 1_700_000_000_000;

let name: string;
let database: Database;

beforeEach(async () => {
  name = `migrate-${crypto.randomUUID()}`;
  await writeVersion1(name);
  database = openIndexedDb(name);
});

test('every job of version 1 stands where it stood, and is nobody’s', async () => {
  const states = await Promise.all(fixture.tickets.map((ticket) => readJob(database, ticket)));
  expect(
    states.map((view) => [view?.state, view?.reason ?? view?.parked ?? (view?.dueAt ? 'due' : '')]),
  ).toEqual([
    ['done', ''],
    ['dead', 'rejected'],
    ['waiting', 'due'],
    ['leased', ''],
    ['waiting', ''],
    ['cancelled', 'user'],
    ['waiting', 'held'],
    ['waiting', 'due'],
    ['waiting', ''],
  ]);
  const [row] = await readQueues(database);
  expect(row).toMatchObject({ owner: 1, live: { 1: 6 }, counts: { accepted: 9, waiting: 5, leased: 1 } });
  expect(await openIdentity(database)).toEqual({ owner: 1, user: null, since: 0 });
  const { jobs } = await listJobs(database, {
    queue: 'orders',
    state: 'waiting',
    after: undefined,
    limit: 50,
  });
  expect(jobs).toHaveLength(5);
});

test('what was leased is recovered, what was asked of it holds, and the rest is sent in its turn', async () => {
  const store = createStore(database);
  const turn = {
    queue: 'orders',
    engine: 'new',
    settlements: [],
    held: 0,
    leadMs: 0,
    durability: 'strict',
  } as const;
  const request = { ...turn, maxClaims: 9, recover: true, isAlone: true, clockJumped: false, turn: 1 };
  const report = await store.turn(request, { now: T0 + 10_000, chance: () => 0.5 });
  expect(report?.claims.map(({ job }) => job.seq).toSorted()).toEqual([3, 5, 9]);
  expect(await readJob(database, fixture.tickets[3] as string)).toMatchObject({ state: 'cancelled' });
  const body = report?.claims.find(({ job }) => job.seq === 9)?.body;
  expect(new TextDecoder().decode(body)).toBe('ready');
});

test('what was sealed still opens', async () => {
  const key = (await readOwner(database, 1))?.cryptoKey as CryptoKey;
  const job = await database.run({ tables: ['jobs'], mode: 'readonly', durability: 'relaxed' }, (tx) =>
    tx.get('jobs', ['orders', 4]),
  );
  const request = await revealSecrets(job?.request as never, async () => [key]);
  expect(request.headers).toEqual([
    ['Authorization', 'Bearer canary'],
    ['X-Kept', 'yes'],
  ]);
  const { context } = (await readOwner(database, 1)) ?? {};
  expect(await openContext(context as never, key)).toEqual({ token: 'canary' });
});

test('what was remembered by key is remembered: the same thing again is a duplicate', async () => {
  const store = createStore(database);
  const [standing] = fixture.tables.jobs.filter(({ seq }) => seq === 9);
  const draft = { queue: 'orders', owner: 1, nonce: 'm', idempotencyKey: 'k', options: { dedupeKey: 'd' } };
  const request = standing?.request as never;
  const [answer] = await store.enqueue([{ ...draft, request }], {}, T0 + 1000);
  expect(answer).toMatchObject({ kind: 'accepted', receipt: { ticket: fixture.tickets[8] } });
});

test('who signs in afterwards has none of it, and what is leased is theirs no more', async () => {
  await signIn(database, { user: 'ann', adopt: false, now: T0 });
  expect(await readJob(database, fixture.tickets[8] as string)).toBeUndefined();
  expect(await foreignSendUntil(database, T0)).toBeGreaterThan(T0);
});

async function writeVersion1(of: string): Promise<void> {
  const opening = indexedDB.open(of, 1);
  opening.addEventListener('upgradeneeded', () => {
    for (const [table, { key, indexes }] of Object.entries(INDEXES)) {
      const store = opening.result.createObjectStore(table, { keyPath: key });
      for (const [index, path] of Object.entries(indexes)) store.createIndex(index, path);
    }
  });
  const db = await opened(opening);
  const raw = new Uint8Array(fixture.sealingKey);
  const cryptoKey = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const transaction = db.transaction(Object.keys(INDEXES), 'readwrite');
  for (const [table, rows] of Object.entries(fixture.tables))
    for (const row of rows) transaction.objectStore(table).put(decoded(row));
  transaction.objectStore('meta').put({ key: 'sealing-key', cryptoKey });
  transaction.objectStore('meta').put({ key: 'context', sealed: decoded(fixture.context) });
  await new Promise((resolve) => transaction.addEventListener('complete', resolve));
  db.close();
}

function opened<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('it failed')));
  });
}

/** The fixture has bytes as lists of numbers. */
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  const { $buffer, $bytes } = value as { $buffer?: number[]; $bytes?: number[] };
  if ($buffer) return new Uint8Array($buffer).buffer;
  if ($bytes) return new Uint8Array($bytes);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decoded(item)]));
}
