import { beforeEach, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import { newQueueRow } from '../core/queue-row.js';
import { openMemory } from '../store/memory.js';
import { writeMeta } from '../store/meta.js';
import type { Database } from '../store/rows.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { holdSeat, STEAL_AFTER_MS } from './leadership.js';

// Web Locks are stood in for: Node has none. Somebody else holds the lock; all that is asked for is noted.
let database: Database;
let clock: FakeClock;
let asked: string[];
const over = new AbortController();

const beat = (): Promise<void> => writeMeta(database, { key: 'leader', engine: 'other', at: clock.now() });

beforeEach(async () => {
  database = openMemory();
  clock = new FakeClock();
  asked = [];
  const row = newQueueRow('orders', DEFAULT_POLICY, 1);
  row.counts = { ...row.counts, waiting: 1 };
  row.live = { 1: 1 };
  await database.run({ tables: ['queues'], mode: 'readwrite', durability: 'relaxed' }, async (tx) =>
    tx.put('queues', row),
  );
  await beat();
  const locks = {
    request: (_name: string, { steal, signal }: LockOptions) => {
      asked.push(steal ? 'steal' : 'wait');
      return new Promise((_, reject) => signal?.addEventListener('abort', reject));
    },
  } as unknown as LockManager;
  const notify = createHub()();
  void holdSeat({ database, clock, notify, locks, lockName: 'sluice', signal: over.signal }, async () => {});
});

test('a leader that gives signs of life is left alone, one that gives none is robbed', async () => {
  for (let i = 0; i < 10; i++) {
    await clock.advance(STEAL_AFTER_MS / 2);
    await beat();
  }
  expect(asked).toEqual(['wait']);
  await clock.advance(2 * STEAL_AFTER_MS + 1);
  expect(asked).toEqual(['wait', 'steal']);
});

test('where the machine has slept, its leader gets the time to give a sign', async () => {
  clock.jump(8 * 3_600_000);
  await clock.advance(STEAL_AFTER_MS - 1);
  expect(asked).toEqual(['wait']);
  await beat();
  await clock.advance(STEAL_AFTER_MS);
  expect(asked).toEqual(['wait']);
});
