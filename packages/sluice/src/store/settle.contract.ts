import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { StoreBench, answered, ok, seqs, T0 } from './store.kit.js';

/** What the end of a send does to its job, and to those behind it. */
export function testSettle(name: string, open: () => Database): void {
  describe(`${name}: settle`, () => {
    let bench: StoreBench;

    beforeEach(() => {
      bench = new StoreBench(open());
      bench.policy = { ...DEFAULT_POLICY, concurrency: 2 };
    });

    test('an ack deletes the job and its body, and keeps the result', async () => {
      const [ticket = ''] = await bench.tickets(1, { body: new ArrayBuffer(5000) });
      const { claims } = await bench.turn(T0);
      const job = (claims[0] as Claim).job;
      expect(await bench.store.body(job)).toHaveProperty('byteLength', 5000);
      const { events } = await bench.settle(T0 + 10, claims, ok(201));
      expect(events).toContainEqual({ type: 'done', queue: 'orders', ticket, status: 201 });
      expect(await bench.store.body(job)).toBeUndefined();
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'done', answer: { status: 201 } });
      expect(await bench.row()).toMatchObject({ bytes: 0, counts: { waiting: 0, leased: 0, done: 1 } });
    });

    test('keeps an answer body up to the cap, and says when it left one out', async () => {
      bench.policy = { ...bench.policy, resultBytes: 4 };
      const [small = '', large = ''] = await bench.tickets(2);
      const { claims } = await bench.turn(T0);
      await bench.settle(T0, claims.slice(0, 1), ok(200, 4), { held: 2 });
      await bench.settle(T0, claims.slice(1), ok(200, 5), { held: 1 });
      expect(await readJob(bench.database, small)).toMatchObject({ answer: { bodyOmitted: false } });
      const kept = await readJob(bench.database, large);
      expect(kept).toMatchObject({ answer: { bodyOmitted: true } });
      expect(kept?.answer?.body).toBeUndefined();
    });

    test('a nacked job waits for its instant, then goes before those that came after it', async () => {
      bench.policy = { ...bench.policy, concurrency: 1 };
      await bench.enqueueMany(2);
      const first = await bench.turn(T0);
      const second = await bench.settle(T0, first.claims, answered(500));
      expect(seqs(second.claims)).toEqual([2]);
      const idle = await bench.settle(T0 + 10, second.claims, answered(500));
      expect(idle.claims).toEqual([]);
      expect(idle.nextAt).toBe(T0 + 500);
      expect(seqs((await bench.turn(T0 + 2000)).claims)).toEqual([1]);
    });

    test('promotes what is due at the same cost when everything is in backoff', async () => {
      bench.policy = { ...bench.policy, concurrency: 50 };
      await bench.enqueueMany(50);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(500), { maxClaims: 0 });
      expect((await bench.row()).counts).toMatchObject({ waiting: 50, leased: 0 });
      expect((await bench.turn(T0 + 500, { maxClaims: 3 })).claims).toHaveLength(3);
    });

    test('within an ordering key one at a time, in order, also after a nack; across keys in parallel', async () => {
      bench.policy = { ...bench.policy, concurrency: 10 };
      await bench.enqueueMany(2, { options: { orderingKey: 'a' } });
      await bench.enqueueMany(1, { options: { orderingKey: 'b' } });
      const first = await bench.turn(T0);
      expect(seqs(first.claims)).toEqual([1, 3]);
      const nacked = await bench.settle(T0, first.claims.slice(0, 1), answered(500), { held: 2 });
      expect(nacked.claims).toEqual([]);
      const again = await bench.turn(T0 + 600, { held: 1 });
      expect(seqs(again.claims)).toEqual([1]);
      expect(seqs((await bench.settle(T0 + 700, again.claims, ok(), { held: 2 })).claims)).toEqual([2]);
    });

    test('a dead job holds back nobody, not even its own ordering key', async () => {
      await bench.enqueueMany(2, { options: { orderingKey: 'a' } });
      const { claims } = await bench.turn(T0);
      expect(seqs((await bench.settle(T0, claims, answered(422))).claims)).toEqual([2]);
    });
  });
}
