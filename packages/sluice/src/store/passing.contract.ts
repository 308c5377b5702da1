import { beforeEach, describe, expect, test } from 'vitest';
import type { Database } from './rows.js';
import { answered, StoreBench, T0 } from './store.kit.js';

const LEAD_MS = 5;

interface Crowd {
  untilMs: number;
  /** How late the engine looks. */
  lateMs?: number;
  /** How far the clock of those that pass by is ahead of the engine's. */
  skewMs?: number;
  ask: (now: number, i: number) => Promise<unknown>;
}

/** What passes a queue by, while its jobs wait for the same slots. */
export function testPassing(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open());
  });
  const chance = () => 0.5;
  const url = 'https://example.test/api/orders';
  const rate = { limit: 10, perMs: 1000, burst: 1 };

  const passAt = (now: number, cost?: number) =>
    bench.store.chargeDirect({ queue: 'orders', url, cost }, { now, chance });

  const tryAt = (now: number, i: number) => {
    const keys = { orderingKey: `key ${i}`, dedupeKey: undefined, coalesces: false, idempotencyKey: 'k' };
    return bench.store.chargeFirstTry({ queue: 'orders', url, cost: 1, ...keys }, { now, chance });
  };

  /** An engine, and every few milliseconds somebody who would pass it by. Answers who had the slots, in their order. */
  async function crowd({ untilMs, lateMs = 0, skewMs = 0, ask }: Crowd): Promise<string> {
    let report = await bench.turn(T0, { leadMs: LEAD_MS });
    for (let ms = 0; ms < untilMs; ms += LEAD_MS) {
      const now = T0 + ms;
      await ask(now + skewMs, ms);
      const dueAt = (report.nextAt ?? Number.POSITIVE_INFINITY) + lateMs;
      if (report.claims.length > 0 || now >= dueAt)
        report = await bench.settle(now, report.claims, answered(200), { leadMs: LEAD_MS });
    }
    const sends = await bench.sends();
    return sends.map(({ leaseId }) => (/^(direct|first-try)$/.test(leaseId) ? 'p' : 'j')).join('');
  }

  describe(`${name}: what passes a queue by`, () => {
    test.each([
      { lateMs: 0, skewMs: 0 },
      { lateMs: 30, skewMs: 0 },
      { lateMs: 0, skewMs: 50 },
      { lateMs: 15, skewMs: -50 },
    ])('takes one slot of two, while the jobs take theirs: %o', async (clocks) => {
      bench.policy = { ...bench.policy, concurrency: 9, rate };
      await bench.enqueueMany(9);
      const takers = await crowd({ untilMs: 2000, ...clocks, ask: (now) => passAt(now) });
      expect(takers).toMatch(/^p?(jp?)+/);
      expect(takers).toMatch(/(jp){5}/);
      expect(takers).not.toMatch(/pp.*j/);
    });

    test('does not keep a job waiting that needs a whole window', async () => {
      bench.policy = { ...bench.policy, concurrency: 9, rate };
      await bench.enqueueMany(4, { options: { cost: 10 } });
      expect(await crowd({ untilMs: 8000, ask: (now) => passAt(now) })).toMatch(/(jp){3}/);
    });

    test('takes one slot of two as a first try of a key that nothing stands ahead of', async () => {
      bench.policy = { ...bench.policy, concurrency: 9, rate };
      await bench.enqueueMany(9);
      expect(await crowd({ untilMs: 2000, ask: tryAt })).toMatch(/(jp){5}/);
    });

    test('leaves the jobs as much without a rate', async () => {
      bench.policy = { ...bench.policy, concurrency: 2, adaptive: true };
      await bench.enqueueMany(15);
      await crowd({ untilMs: 3000, ask: (now) => passAt(now) });
      const { done, sends } = (await bench.row()).counts;
      expect(done).toBe(15);
      expect(sends).toBeGreaterThan(done);
    });

    test('goes on a window after the last send, where no engine takes the turn of its jobs', async () => {
      bench.policy = { ...bench.policy, rate };
      await bench.enqueueMany(1);
      const answers = [await passAt(T0), await passAt(T0 + 3049), await passAt(T0 + 3050)];
      expect(answers.map((turn) => turn && turn.at - T0)).toEqual([0, undefined, 3050]);
    });

    test('has each slot that has come, and none ahead, where all that waits is held', async () => {
      bench.policy = { ...bench.policy, rate: { ...rate, limit: 2, burst: 2 } };
      await bench.ticket({ held: true });
      const answers = [await passAt(T0), await passAt(T0 + 1), await passAt(T0 + 2), await passAt(T0 + 1050)];
      expect(answers.map((turn) => turn && turn.at - T0)).toEqual([0, 1, undefined, 1050]);
    });

    test('may be charged ahead where nothing waits', async () => {
      bench.policy = { ...bench.policy, rate };
      await bench.enqueueMany(1);
      await bench.serve(1);
      const answers = await Promise.all([passAt(T0 + 500), passAt(T0 + 500), passAt(T0 + 500)]);
      expect(answers.map((turn) => turn && turn.at - T0)).toEqual([500, 595, 700]);
    });
  });
}
