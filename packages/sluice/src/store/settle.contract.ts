import { beforeEach, describe, expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import type { HeaderPairs } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
import { readJob } from './query.js';
import { redriveJob } from './redrive.js';
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

    test('a job is dead after as many failures as it may have, and after none fewer', async () => {
      bench.policy = { ...bench.policy, maxAttempts: 2 };
      const [ticket = ''] = await bench.tickets(1);
      const { claims: first } = await bench.turn(T0);
      await bench.settle(T0, first, answered(500));
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'waiting', attempts: 1 });
      const { claims: second } = await bench.turn(T0 + 20_000);
      await bench.settle(T0 + 20_000, second, answered(500));
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'attempts' });
    });

    test('how a job has ended is known for resultsKeptMs, and swept then', async () => {
      bench.policy = { ...bench.policy, resultsKeptMs: 1000 };
      const [ticket = ''] = await bench.tickets(1);
      await bench.settle(T0, (await bench.turn(T0)).claims);
      await bench.store.sweep({ queue: 'orders', after: 0 }, T0 + 999);
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'done' });
      await bench.store.sweep({ queue: 'orders', after: 0 }, T0 + 1000);
      expect(await readJob(bench.database, ticket)).toBeUndefined();
    });

    test('a redriven job has its whole time to live before it', async () => {
      bench.policy = { ...bench.policy, ttlMs: 10_000 };
      const [ticket = ''] = await bench.tickets(1);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      await bench.command(redriveJob(ticket), T0 + 9000);
      expect(seqs((await bench.turn(T0 + 15_000)).claims)).toEqual([1]);
    });

    test('a backoff of an hour is waited for', async () => {
      bench.policy = { ...bench.policy, backoff: { baseMs: 7_200_000, maxMs: 7_200_000 } };
      await bench.enqueueMany(1);
      const { claims } = await bench.turn(T0);
      expect(await bench.settle(T0, claims, answered(500))).toMatchObject({ nextAt: T0 + 3_600_000 });
      expect((await bench.turn(T0 + 1_800_000)).claims).toEqual([]);
    });

    test.each([
      ['nothing', answered(429)],
      ['no time at all', answered(429, { notBeforeMs: 0 })],
    ])('a queue that does not adapt and is told %s to wait for holds for its own backoff', async (_, end) => {
      bench.policy = { ...bench.policy, adaptive: false };
      await bench.enqueueMany(1);
      const { claims } = await bench.turn(T0);
      expect(await bench.settle(T0, claims, end)).toMatchObject({ claims: [], nextAt: T0 + 1500 });
    });

    test('what an outage has put off spends none of the retries that are left', async () => {
      bench.policy = { ...bench.policy, adaptive: false, concurrency: 40 };
      await bench.enqueueMany(40);
      const { claims } = await bench.turn(T0);
      await bench.settle(T0, claims.slice(0, 20), answered(500), { held: 40, maxClaims: 0 });
      await bench.settle(T0, claims.slice(20), answered(502), { held: 20, maxClaims: 0 });
      const probeAt = T0 + 60_000;
      const { claims: probe } = await bench.turn(probeAt);
      const { claims: next } = await bench.settle(probeAt, probe, answered(200));
      const retries = next.filter(({ job }) => job.attempts > 0).length;
      expect([retries, next.length - retries]).toEqual([10, 16]);
    });

    test.each([
      ['answered 429', answered(429, { notBeforeMs: 1000 })],
      ['answered 401', answered(401)],
      ['not sent: late', { kind: 'unsent', why: 'late' }],
      ['aborted', { kind: 'aborted' }],
    ] as const)('a job that goes back to its place is told of: %s', async (detail, end) => {
      const [ticket = ''] = await bench.tickets(1);
      const { claims } = await bench.turn(T0);
      const { events } = await bench.settle(T0 + 10, claims, end, { maxClaims: 0 });
      expect(events).toContainEqual({ type: 'returned', queue: 'orders', ticket, detail });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'waiting', attempts: 0 });
    });

    test('an attempt tells of the trace of its request, where that stands in clear', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const headers: HeaderPairs = [['Traceparent', traceparent]];
      await bench.enqueue({ request: { ...storedPost(), headers } });
      await bench.enqueue();
      const { events } = await bench.turn(T0);
      expect(events).toMatchObject([{ type: 'attempt', traceparent }, { type: 'attempt' }]);
      expect(events[1]).not.toHaveProperty('traceparent');
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
