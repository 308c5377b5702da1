import { beforeEach, describe, expect, test } from 'vitest';
import type { AttemptEnd } from '../core/attempt.js';
import type { Owner } from '../core/identity.js';
import type { DirectTurn } from '../core/ports.js';
import { commandQueues } from './control.js';
import { foreignSendUntil, openIdentity, signIn } from './identity.js';
import { endPass } from './end-pass.js';
import { mayPass } from './passes.js';
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
  let owner: Owner;
  beforeEach(async () => {
    bench = new StoreBench(open());
    owner = (await openIdentity(bench.database)).owner;
  });
  const chance = () => 0.5;
  const url = 'https://example.test/api/orders';
  const rate = { limit: 10, perMs: 1000, burst: 1 };

  const send = {
    queue: 'orders',
    url,
    pass: 'p',
    get owner() {
      return owner;
    },
  };

  /** It is answered at once, and gives its place back. */
  const ended = async (turn: DirectTurn | undefined, now: number): Promise<DirectTurn | undefined> => {
    const end = { end: answered(200), sentAt: now };
    if (turn) await endPass(bench.database, turn.pass, { ended: end, now, chance });
    return turn;
  };

  const passAt = async (now: number, cost?: number) =>
    ended(await bench.store.chargeDirect({ ...send, cost }, { now, chance }), now);

  const tryAt = async (now: number, i: number) => {
    const keys = { orderingKey: `key ${i}`, dedupeKey: undefined, coalesces: false, idempotencyKey: 'k' };
    const trying = { ...send, ...keys, cost: 1, firstTryMs: 5000 };
    return ended(await bench.store.chargeFirstTry(trying, { now, chance }), now);
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
      bench.policy = { ...bench.policy, concurrency: 9, rate };
      await bench.enqueueMany(1);
      await bench.serve(1);
      const answers = await Promise.all([passAt(T0 + 500), passAt(T0 + 500), passAt(T0 + 500)]);
      expect(answers.map((turn) => turn && turn.at - T0)).toEqual([500, 595, 700]);
    });

    describe('holds a place among the sends in flight', () => {
      const keys = { orderingKey: undefined, dedupeKey: undefined, coalesces: false, idempotencyKey: 'k' };
      const at = (now: number) => ({ now, chance });
      const tryAs = (pass: string, now: number) =>
        bench.store.chargeFirstTry({ ...send, ...keys, cost: 1, firstTryMs: 5000, pass }, at(now));
      const end = (pass: string, now: number, how: AttemptEnd = answered(200)) => {
        const id = { queue: 'orders', id: pass };
        return endPass(bench.database, id, { ended: { end: how, sentAt: now }, ...at(now) });
      };
      const emptied = async () => {
        await bench.ticket();
        await bench.serve(1);
      };

      test('where one is allowed, no other try, no request let through, and no job goes beside it', async () => {
        await emptied();
        const turn = await tryAs('a', T0);
        expect(turn).toMatchObject({ until: T0 + 5000 });
        expect(await tryAs('b', T0)).toBeUndefined();
        expect(await bench.store.chargeDirect({ ...send, cost: 1, pass: 'c' }, at(T0))).toBeUndefined();
        await bench.ticket();
        expect(await bench.turn(T0)).toMatchObject({ claims: [], nextAt: T0 + 6000 });
        expect(await end('a', T0 + 10)).toEqual([{ type: 'passed', queue: 'orders' }]);
        expect((await bench.turn(T0 + 10)).claims).toHaveLength(1);
        expect(await tryAs('d', T0 + 10)).toBeUndefined();
      });

      test('until its time is over, should its context be gone', async () => {
        await emptied();
        await tryAs('a', T0);
        await bench.ticket();
        expect((await bench.turn(T0 + 5999)).claims).toEqual([]);
        expect((await bench.turn(T0 + 6000)).claims).toHaveLength(1);
      });

      test('that no clock that was set back prolongs', async () => {
        await emptied();
        await tryAs('a', T0);
        await bench.ticket();
        expect((await bench.turn(T0 - 3_600_000)).claims).toHaveLength(1);
      });

      test('and is the one probe of a queue that probes, whose answer ends the outage', async () => {
        bench.policy = { ...bench.policy, concurrency: 9 };
        await emptied();
        for (let i = 0; i < 5; i++) {
          await tryAs(`failed ${i}`, T0);
          await end(`failed ${i}`, T0, { kind: 'network-error', detail: 'gone' });
        }
        const { phase } = (await bench.row()).flow;
        if (phase.kind !== 'probe') throw new Error('it does not probe');
        expect(await tryAs('early', phase.until - 1)).toBeUndefined();
        expect(await tryAs('a', phase.until)).toBeDefined();
        expect(await tryAs('b', phase.until)).toBeUndefined();
        await bench.ticket();
        expect((await bench.turn(phase.until)).claims).toEqual([]);
        await end('a', phase.until + 10);
        expect((await bench.row()).flow.phase.kind).toBe('steady');
        expect((await bench.turn(phase.until + 10)).claims).toHaveLength(1);
      });

      test('with what is stored after it, in the same transaction', async () => {
        await emptied();
        await tryAs('a', T0);
        const pass = { queue: 'orders', id: 'a' };
        await bench.enqueue({
          firstTry: { pass, end: answered(429), sentAt: T0, endedAt: T0, credentials: 0, chance },
        });
        expect((await bench.row()).passes).toEqual([]);
        expect(await end('a', T0)).toEqual([]);
      });

      test('for its own user alone: another who signs in waits for its end', async () => {
        await emptied();
        await tryAs('a', T0);
        await signIn(bench.database, { user: 'ann', adopt: false, now: T0 });
        expect(await foreignSendUntil(bench.database, T0)).toBe(T0 + 6000);
        expect(await mayPass(bench.database, { queue: 'orders', id: 'a' }, T0)).toBe(false);
        expect(await end('a', T0)).toEqual([{ type: 'passed', queue: 'orders' }]);
        expect(await foreignSendUntil(bench.database, T0)).toBe(0);
        expect(await tryAs('b', T0)).toBeUndefined();
      });

      test('and does not begin once its queue is held', async () => {
        await emptied();
        await tryAs('a', T0);
        const id = { queue: 'orders', id: 'a' };
        expect(await mayPass(bench.database, id, T0)).toBe(true);
        await commandQueues(bench.database, 'orders', { kind: 'pause' }, T0);
        expect(await mayPass(bench.database, id, T0)).toBe(false);
      });
    });
  });
}
