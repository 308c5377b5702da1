import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { StoreBench, T0 } from './store.kit.js';

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
