import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Database } from './rows.js';
import { StoreBench, ok, seqs, T0 } from './store.kit.js';

/** Claims: in order, up to the concurrency, and never more than the rate. */
export function testPace(name: string, open: () => Database): void {
  describe(`${name}: pace`, () => {
    let bench: StoreBench;

    beforeEach(() => {
      bench = new StoreBench(open());
      bench.policy = { ...DEFAULT_POLICY, concurrency: 2 };
    });

    test('claims oldest first, up to concurrency, each under a lease of its own', async () => {
      await bench.enqueueMany(3);
      const { claims, depth } = await bench.turn(T0);
      expect(seqs(claims)).toEqual([1, 2]);
      expect(new Set(claims.map(({ leaseId }) => leaseId)).size).toBe(2);
      expect(depth).toBe(3);
      expect((await bench.turn(T0, { held: 2 })).claims).toEqual([]);
    });

    test('charges each claim to the pace: never more than limit in a window, whoever asks', async () => {
      bench.policy = { ...bench.policy, concurrency: 100, rate: { limit: 3, perMs: 1000, burst: 3 } };
      await bench.enqueueMany(20);
      const sentAt: number[] = [];
      for (let now = T0; now < T0 + 4000; now += 50) {
        const { claims } = await bench.turn(now, { engine: `engine-${now % 3}`, recover: false });
        sentAt.push(...claims.map(({ sendAt }) => sendAt));
      }
      expect(sentAt.length).toBeGreaterThanOrEqual(11);
      for (const [i, at] of sentAt.entries()) {
        const bound = sentAt[i - 3];
        if (bound !== undefined) expect(at - bound).toBeGreaterThanOrEqual(1050);
      }
    });

    test('tells of each attempt at the instant that its send is charged for, also where that lies ahead', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 20, perMs: 1000, burst: 1 } };
      await bench.enqueueMany(2);
      const { claims, events } = await bench.turn(T0, { leadMs: 50 });
      const [first, second] = claims.map(({ sendAt }) => sendAt);
      expect(second).toBeGreaterThan(T0 + 50);
      expect(events).toMatchObject([
        { type: 'attempt', at: first },
        { type: 'attempt', at: second },
      ]);
    });

    test('says when it is worth a look again', async () => {
      bench.policy = { ...bench.policy, concurrency: 100, rate: { limit: 1, perMs: 1000, burst: 1 } };
      await bench.enqueueMany(2);
      expect(await bench.turn(T0)).toMatchObject({ claims: [{ sendAt: T0 }], nextAt: T0 + 1050 });
    });

    test('looks again when a slow engine can claim, not before', async () => {
      bench.policy = { ...bench.policy, concurrency: 100, rate: { limit: 1, perMs: 3500, burst: 1 } };
      await bench.enqueueMany(2);
      await bench.turn(T0, { leadMs: 0 });
      const { claims, nextAt = Number.NaN } = await bench.turn(T0 + 50, { leadMs: 2000 });
      expect(claims).toEqual([]);
      expect(nextAt).toBeGreaterThan(T0 + 50);
      expect((await bench.turn(nextAt, { leadMs: 2000, held: 1 })).claims).toHaveLength(1);
    });

    test('asked for no rows, reads none', async () => {
      await bench.enqueueMany(2);
      const plan = { tables: ['jobs'], mode: 'readonly', durability: 'relaxed' } as const;
      const range = { from: ['orders'], to: ['orders', Number.POSITIVE_INFINITY], count: 0 };
      expect(await bench.database.run(plan, (tx) => tx.all('jobs', range))).toEqual([]);
    });

    test('records each send that a rate binds, with its key and the number of its attempt', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 1, perMs: 1000, burst: 1 } };
      await bench.enqueueMany(1, { idempotencyKey: 'k-1' });
      await bench.turn(T0);
      expect(await bench.sends()).toEqual([
        {
          queue: 'orders',
          n: 0,
          units: 1,
          at: T0,
          idempotencyKey: 'k-1',
          attempt: 1,
          leaseId: expect.stringMatching(/^e1/),
        },
      ]);
    });

    test('takes back the charge of a send that never left, so that a slow rate does not wait for nothing', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 1, perMs: 60_000, burst: 1 } };
      await bench.enqueueMany(1);
      const late = await bench.turn(T0);
      const { claims } = await bench.settle(T0 + 80, late.claims, { kind: 'unsent', why: 'late' });
      expect(claims).toMatchObject([{ n: 0, sendAt: T0 + 80 }]);
      expect((await bench.row()).counts.sends).toBe(1);
    });

    test('takes back a charge that others were made upon, and keeps theirs', async () => {
      bench.policy = {
        ...bench.policy,
        adaptive: false,
        concurrency: 3,
        rate: { limit: 2, perMs: 60_000, burst: 2 },
      };
      await bench.enqueueMany(3);
      const { claims } = await bench.turn(T0);
      const report = await bench.settle(
        T0 + 80,
        claims.slice(0, 1),
        { kind: 'unsent', why: 'late' },
        { held: 2 },
      );
      expect(report.claims).toMatchObject([{ n: 1, sendAt: T0 + 80 }]);
      const { claims: none } = await bench.settle(T0 + 90, report.claims, ok(), { held: 2 });
      expect(none).toEqual([]);
      expect(await bench.sends()).toMatchObject([
        { n: 0, at: T0 },
        { n: 1, at: T0 + 80 },
      ]);
    });

    test('takes back several at once as one after the other: what left between them moves up', async () => {
      const rate = { limit: 5, perMs: 60_000, burst: 5 };
      bench.policy = { ...bench.policy, adaptive: false, concurrency: 5, rate };
      await bench.enqueueMany(5, { idempotencyKey: 'k' });
      const { claims } = await bench.turn(T0, { leadMs: 50 });
      const [, second, third, , fifth] = claims;
      const ended = [second, third, fifth].filter((claim) => claim !== undefined);
      const late = { kind: 'unsent', why: 'late' } as const;
      await bench.settle(T0 + 200, ended, late, { held: 5, maxClaims: 0 });
      const [first, , , fourth] = claims;
      expect(await bench.sends()).toMatchObject([
        { n: 0, leaseId: first?.leaseId },
        { n: 1, leaseId: fourth?.leaseId },
      ]);
      expect(await bench.row()).toMatchObject({ pace: { n: 2 }, counts: { sends: 2 } });
      const again = await bench.turn(T0 + 200, { held: 2 });
      expect(again.claims.map(({ n, sendAt }) => [n, sendAt])).toEqual([
        [2, T0 + 200],
        [3, T0 + 200],
        [4, T0 + 200],
      ]);
    });

    test('takes back all of those that cost much, which lie far back', async () => {
      const rate = { limit: 10_000, perMs: 60_000, burst: 10_000 };
      bench.policy = { ...bench.policy, adaptive: false, concurrency: 6, rate };
      await bench.enqueueMany(6, { options: { cost: 500 } });
      const { claims } = await bench.turn(T0);
      expect(claims).toHaveLength(6);
      await bench.settle(T0 + 80, claims, { kind: 'unsent', why: 'stopped' }, { maxClaims: 0 });
      expect(await bench.row()).toMatchObject({ pace: { n: 0 }, counts: { sends: 0 } });
      expect(await bench.sends()).toEqual([]);
    });

    test('waits a whole window when the stored instants were written under a clock that ran ahead', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 2, perMs: 1000, burst: 2 } };
      await bench.enqueueMany(2);
      const { claims } = await bench.turn(T0 + 86_400_000);
      await bench.settle(T0 + 86_400_000, claims, ok(), { maxClaims: 0 });
      await bench.enqueueMany(1);
      expect(await bench.turn(T0)).toMatchObject({ claims: [], nextAt: T0 + 1050 });
      expect((await bench.turn(T0 + 1050)).claims).toHaveLength(1);
    });
  });
}
