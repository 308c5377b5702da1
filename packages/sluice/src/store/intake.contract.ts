import { beforeEach, describe, expect, test } from 'vitest';
import type { JobDraft } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { answered, StoreBench, T0 } from './store.kit.js';

/** What comes in: order, room, and nothing kept of what fails. */
export function testIntake(name: string, open: () => Database): void {
  describe(`${name}: intake`, () => {
    let bench: StoreBench;

    beforeEach(() => {
      bench = new StoreBench(open());
      bench.policy = { ...DEFAULT_POLICY, concurrency: 2 };
    });

    test('accepts in order, and tells each its depth', async () => {
      const answers = await bench.enqueueMany(3);
      expect(answers.map((answer) => answer.kind === 'accepted' && answer.receipt.depth)).toEqual([1, 2, 3]);
      expect((await bench.row()).counts).toMatchObject({ accepted: 3, waiting: 3, leased: 0 });
    });

    test('a receipt tells how its job stands, and when it may be sent', async () => {
      const receiptOf = async (change: Partial<JobDraft>) => {
        const answer = await bench.enqueue(change);
        return answer.kind === 'accepted' ? answer.receipt : undefined;
      };
      bench.policy = { ...bench.policy, repeat: 'never', concurrency: 1 };
      const options = { dedupeKey: 'k' };
      expect(await receiptOf({ options })).toMatchObject({ state: 'waiting', estimatedStartAt: T0 });
      const { claims } = await bench.turn(T0);
      expect(await receiptOf({ options })).toMatchObject({ state: 'leased', estimatedStartAt: null });
      await bench.settle(T0, claims, answered(200), { maxClaims: 0 });
      expect(await receiptOf({ options })).toMatchObject({ state: 'done', estimatedStartAt: null });
      const pass = { queue: 'orders', id: 'p' };
      const tried = { pass, end: answered(500), sentAt: T0, endedAt: T0, credentials: 0, chance: () => 0.5 };
      expect(await receiptOf({ firstTry: tried })).toMatchObject({ state: 'dead', estimatedStartAt: null });
      const at = T0 + 5000;
      expect(await receiptOf({ options: { held: true } })).toMatchObject({ estimatedStartAt: null });
      expect(await receiptOf({ options: { notBefore: at } })).toMatchObject({ estimatedStartAt: at });
      await bench.ticket({ dedupeKey: 'like' });
      const unlike = { options: { dedupeKey: 'like' }, coalesce: () => ({ kind: 'undone' as const }) };
      expect(await receiptOf(unlike)).toMatchObject({ state: 'cancelled', estimatedStartAt: null });
    });

    test('tells of each at the instant at which it came in', async () => {
      const [answer] = await bench.enqueueMany(1, {}, T0 + 7);
      expect(answer).toMatchObject({ events: [{ type: 'accepted', at: T0 + 7 }] });
    });

    test('keeps nothing of a transaction that fails', async () => {
      await expect(
        bench.database.run({ tables: ['meta'], mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
          tx.put('meta', { key: 'database', born: 'never' });
          throw new Error('half way');
        }),
      ).rejects.toThrow('half way');
      const row = await bench.database.run(
        { tables: ['meta'], mode: 'readonly', durability: 'relaxed' },
        (tx) => tx.get('meta', 'database'),
      );
      expect(row).toBeUndefined();
    });

    test('refuses beyond maxJobs, and counts it', async () => {
      bench.policy = { ...bench.policy, maxJobs: 2 };
      const answers = await bench.enqueueMany(3);
      expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'full']);
      expect(answers[2]).toMatchObject({ limit: 'maxJobs', max: 2 });
      expect((await bench.row()).counts).toMatchObject({ accepted: 2, refused: 1 });
    });

    test('refuses beyond maxBytes, which counts body, URL and headers', async () => {
      bench.policy = { ...bench.policy, maxBytes: 1500 };
      const answers = await bench.enqueueMany(2, { body: new ArrayBuffer(1000) });
      expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'full']);
      expect(answers[1]).toMatchObject({ limit: 'maxBytes' });
    });

    test('sheds its oldest waiting job where the bench.policy says so', async () => {
      bench.policy = { ...bench.policy, maxJobs: 2, whenFull: 'drop-oldest' };
      const [first] = await bench.tickets(2);
      const [answer] = await bench.enqueueMany(1);
      expect(answer).toMatchObject({
        kind: 'accepted',
        events: [{ type: 'cancelled', ticket: first, reason: 'shed' }, { type: 'accepted' }],
      });
      expect(await readJob(bench.database, first ?? '')).toMatchObject({
        state: 'cancelled',
        reason: 'shed',
      });
      expect((await bench.row()).counts).toMatchObject({ accepted: 3, waiting: 2, cancelled: { shed: 1 } });
    });
  });
}
