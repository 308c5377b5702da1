import { beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../core/identity.js';
import { commandQueues } from './control.js';
import { openIdentity } from './identity.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { createStore } from './store.js';
import { answered, StoreBench, T0 } from './store.kit.js';

/** What is tried at once, and stored only if that fails. */
export function testFirstTry(name: string, open: () => Database): void {
  let bench: StoreBench;
  let owner: Owner;
  beforeEach(async () => {
    bench = new StoreBench(open());
    owner = (await openIdentity(bench.database)).owner;
  });
  const instant = { now: T0, chance: () => 0.5 };
  const url = 'https://example.test/api/orders';

  describe(`${name}: a try before anything is stored`, () => {
    const trying = {
      queue: 'orders',
      url,
      cost: undefined,
      orderingKey: undefined,
      dedupeKey: undefined,
      coalesces: false,
      idempotencyKey: 'k',
      pass: 'p',
      get owner() {
        return owner;
      },
      firstTryMs: 5000,
    };
    const pass = { queue: 'orders', id: 'p' };
    const emptied = async (): Promise<void> => {
      await bench.ticket();
      await bench.serve(1);
    };

    test('is charged where there is a slot and nothing waits', async () => {
      await emptied();
      expect(await bench.store.chargeFirstTry(trying, instant)).toMatchObject({ at: T0 });
      expect((await bench.row()).counts).toMatchObject({ sends: 2, accepted: 1 });
    });

    test('overtakes nothing: what waits, or what is live of its ordering key', async () => {
      bench.policy = { ...bench.policy, concurrency: 9 };
      await bench.ticket({ orderingKey: 'a' });
      expect(await bench.store.chargeFirstTry(trying, instant)).toBeUndefined();
      await bench.turn(T0);
      expect(await bench.store.chargeFirstTry({ ...trying, orderingKey: 'a' }, instant)).toBeUndefined();
      expect(await bench.store.chargeFirstTry({ ...trying, orderingKey: 'b' }, instant)).toBeDefined();
    });

    test('waits a window after the clock was set, no longer', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 1, perMs: 1000, burst: 1 } };
      await emptied();
      let epoch = 0;
      const store = createStore(bench.database, undefined, { id: 'a', clock: { epoch: () => epoch } });
      const tryAt = (now: number) => store.chargeFirstTry(trying, { ...instant, now });
      expect(await tryAt(T0 + 3000)).toBeDefined();
      epoch = 1;
      const setAt = T0 + 3_600_000;
      expect(await tryAt(setAt)).toBeUndefined();
      expect(await tryAt(setAt + 1000)).toBeUndefined();
      expect(await tryAt(setAt + 1050)).toBeDefined();
    });

    test('is not made where a job stands for the same thing', async () => {
      bench.policy = { ...bench.policy, concurrency: 9 };
      await bench.ticket({ dedupeKey: 'a' });
      await bench.serve(1);
      expect(await bench.store.chargeFirstTry({ ...trying, dedupeKey: 'a' }, instant)).toBeUndefined();
      expect(await bench.store.chargeFirstTry({ ...trying, dedupeKey: 'b' }, instant)).toBeDefined();
      const later = { ...instant, now: T0 + bench.policy.dedupeWindowMs };
      expect(await bench.store.chargeFirstTry({ ...trying, dedupeKey: 'a' }, later)).toBeDefined();
    });

    test('is made where a newer one takes the place of one that has ended, and not while it waits', async () => {
      bench.policy = { ...bench.policy, concurrency: 9 };
      await bench.ticket({ dedupeKey: 'a', orderingKey: 'x' });
      const newer = { ...trying, dedupeKey: 'a', orderingKey: 'y', coalesces: true };
      expect(await bench.store.chargeFirstTry(newer, instant)).toBeUndefined();
      await bench.serve(1);
      expect(await bench.store.chargeFirstTry(newer, instant)).toBeDefined();
    });

    test('has no slot where the rate, the sends in flight or the queue leave none', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 1, perMs: 60_000, burst: 1 } };
      await emptied();
      expect(await bench.store.chargeFirstTry(trying, instant)).toBeUndefined();
      const later = { ...instant, now: T0 + 70_000 };
      await commandQueues(bench.database, 'orders', { kind: 'pause' }, T0);
      expect(await bench.store.chargeFirstTry(trying, later)).toBeUndefined();
      await commandQueues(bench.database, 'orders', { kind: 'resume' }, T0);
      expect(await bench.store.chargeFirstTry(trying, later)).toBeDefined();
    });

    test('that failed is stored as an attempt: later, and the queue learns of it', async () => {
      const firstTry = { pass, sentAt: T0, endedAt: T0, credentials: 0, chance: () => 0.5 };
      const failed = await bench.ticket({}, { firstTry: { ...firstTry, end: answered(500) } });
      expect(await readJob(bench.database, failed)).toMatchObject({ attempts: 1, dueAt: T0 + 500 });
      const end = answered(429, { notBeforeMs: 10_000 });
      const answer = await bench.enqueue({ firstTry: { ...firstTry, end } });
      expect(answer).toMatchObject({
        events: [{ type: 'accepted' }, { type: 'frozen', until: T0 + 12_500 }],
      });
      expect((await bench.row()).counts).toMatchObject({ accepted: 2, waiting: 2 });
    });

    test('that may have been done is dead at once where nothing may be repeated', async () => {
      bench.policy = { ...bench.policy, repeat: 'never' };
      const end = { kind: 'timeout' } as const;
      const firstTry = { end, pass, sentAt: T0, endedAt: T0, credentials: 0, chance: () => 0.5 };
      const ticket = await bench.ticket({}, { firstTry });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'unknown' });
      expect((await bench.row()).counts).toMatchObject({ accepted: 1, waiting: 0, dead: { unknown: 1 } });
    });
  });
}
