import { beforeEach, describe, expect, test } from 'vitest';
import type { AttemptEnd } from '../core/attempt.js';
import type { Claim, TurnRequest } from '../core/ports.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { answered, bytes, StoreBench, T0 } from './store.kit.js';

/** Many jobs in one request, each with an end of its own. */
export function testBatches(name: string, open: () => Database): void {
  let bench: StoreBench;
  const batch = { max: 3, maxBytes: 100, waitMs: 0 };
  beforeEach(() => {
    bench = new StoreBench(open());
    bench.policy = { ...bench.policy, batch };
  });

  const sizes = (claims: readonly Claim[]) => claims.map(({ riders }) => 1 + riders.length);
  const settleParts = (
    claim: Claim,
    whole: AttemptEnd,
    parts: AttemptEnd[],
    change: Partial<TurnRequest> = {},
  ) => {
    const members = [claim, ...claim.riders];
    const settlements = members.map(({ job, leaseId, n, sendAt, credentials }, index) => ({
      seq: job.seq,
      ticket: job.ticket,
      leaseId,
      n,
      sentAt: sendAt,
      endedAt: T0,
      credentials,
      end: parts[index] ?? whole,
      batch: { size: members.length, index, whole },
    }));
    return bench.turn(T0, { settlements, held: members.length, ...change });
  };
  const only = (claims: readonly Claim[]): Claim => {
    const [claim] = claims;
    if (!claim || claims.length > 1) throw new Error(`${claims.length} claims`);
    return claim;
  };

  describe(`${name}: batches`, () => {
    test('take up to max jobs in one request, which is one send of the rate and one in flight', async () => {
      bench.policy = { ...bench.policy, concurrency: 2, rate: { limit: 2, perMs: 60_000, burst: 2 } };
      for (let i = 0; i < 7; i++) await bench.ticket();
      expect(sizes((await bench.turn(T0)).claims)).toEqual([3, 3]);
      expect(await bench.row()).toMatchObject({
        inFlight: 2,
        counts: { leased: 6, waiting: 1, sends: 2 },
        pace: { n: 2 },
      });
    });

    test('tell of each of their jobs at the instant of the one send', async () => {
      await bench.enqueueMany(2);
      const { claims, events } = await bench.turn(T0);
      const attempt = { type: 'attempt', at: only(claims).sendAt };
      expect(events).toMatchObject([attempt, attempt]);
    });

    test('end where their bytes would be too many, and take one that is too large by itself', async () => {
      for (const size of [60, 40, 1, 200]) await bench.ticket({}, { body: bytes('x'.repeat(size)) });
      const first = await bench.turn(T0);
      expect(sizes(first.claims)).toEqual([2]);
      const second = await settleParts(only(first.claims), answered(200), []);
      expect(sizes(second.claims)).toEqual([1]);
      const third = await settleParts(only(second.claims), answered(200), []);
      expect(only(third.claims).job.bodyBytes).toBe(200);
    });

    test.each<[what: string, whole: AttemptEnd, parts: AttemptEnd[], left: number]>([
      ['all of them end', answered(200), [], 10],
      ['the first fails again', answered(207), [answered(500), answered(200), answered(200)], 9.2],
      ['the last fails again', answered(207), [answered(200), answered(200), answered(500)], 9.2],
    ])('give back what retries that end took from the budget: %s', async (_, whole, parts, left) => {
      bench.policy = { ...bench.policy, concurrency: 3 };
      await bench.enqueueMany(3);
      await settleParts(only((await bench.turn(T0)).claims), answered(500), []);
      const again = await bench.turn(T0 + 10_000);
      expect((await bench.row()).flow.budget.left).toBe(7);
      await settleParts(only(again.claims), whole, parts, { maxClaims: 0 });
      expect((await bench.row()).flow.budget.left).toBeCloseTo(left);
    });

    test('wait for company no longer than asked, and not at all once full', async () => {
      bench.policy = { ...bench.policy, batch: { ...batch, waitMs: 500 } };
      await bench.ticket();
      await bench.ticket({}, {}, T0 + 100);
      expect(await bench.turn(T0 + 100)).toMatchObject({ claims: [], nextAt: T0 + 500 });
      expect(sizes((await bench.turn(T0 + 500)).claims)).toEqual([2]);
      const other = new StoreBench(bench.database);
      other.policy = bench.policy;
      for (let i = 0; i < 3; i++) await other.ticket({}, { queue: 'others' });
      expect(sizes((await other.turn(T0, { queue: 'others' })).claims)).toEqual([3]);
    });

    test('wait no longer for a clock that went back', async () => {
      bench.policy = { ...bench.policy, batch: { ...batch, waitMs: 500 } };
      await bench.ticket({}, {}, T0 + 86_400_000);
      expect(sizes((await bench.turn(T0)).claims)).toEqual([1]);
    });

    test('are not made by an engine that does not know how: it sends one by one', async () => {
      for (let i = 0; i < 2; i++) await bench.ticket();
      const unknowing = new StoreBench(bench.database, 'unknown');
      expect(sizes((await unknowing.turn(T0)).claims)).toEqual([1]);
    });

    test('each job ends by its own part: a partial failure nacks only its own', async () => {
      const tickets = [await bench.ticket(), await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      const parts = [answered(201), answered(422), answered(500)];
      await settleParts(only(claims), answered(207), parts, { maxClaims: 0 });
      const states = await Promise.all(tickets.map((ticket) => readJob(bench.database, ticket)));
      expect(states).toMatchObject([
        { state: 'done', answer: { status: 201 } },
        { state: 'dead', reason: 'rejected' },
        { state: 'waiting', attempts: 1 },
      ]);
      expect(await bench.row()).toMatchObject({ inFlight: 0, counts: { leased: 0 } });
    });

    test('a part that is turned away waits and has spent an attempt; one that is refused holds the queue', async () => {
      const tickets = [await bench.ticket(), await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      const parts = [answered(201), answered(429), answered(401)];
      const report = await settleParts(only(claims), answered(207), parts);
      expect(report).toMatchObject({ closed: true, claims: [] });
      const states = await Promise.all(tickets.map((ticket) => readJob(bench.database, ticket)));
      expect(states).toMatchObject([
        { state: 'done' },
        { state: 'waiting', attempts: 1, dueAt: T0 + 500 },
        { state: 'waiting', attempts: 0 },
      ]);
      expect(await bench.row()).toMatchObject({ awaitsSignIn: true, flow: { cut: { streak: 0 } } });
    });

    test('what befalls the request befalls each job, and the queue once', async () => {
      for (let i = 0; i < 3; i++) await bench.ticket();
      const { claims } = await bench.turn(T0);
      const report = await settleParts(only(claims), answered(429, { notBeforeMs: 2000 }), []);
      expect(report).toMatchObject({ closed: true, nextAt: T0 + 2500 });
      expect(await bench.row()).toMatchObject({
        flow: { cut: { streak: 1 } },
        counts: { waiting: 3, leased: 0 },
      });
    });

    test('a queue that seals all, and so has an answer for each of them, is frozen just so', async () => {
      const tickets = [await bench.ticket(), await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      const ends = tickets.map(() => answered(429, { notBeforeMs: 2000 }));
      await settleParts(only(claims), answered(429, { notBeforeMs: 2000 }), ends);
      expect(await bench.row()).toMatchObject({ flow: { cut: { streak: 1 } } });
      const states = await Promise.all(tickets.map((ticket) => readJob(bench.database, ticket)));
      expect(states.map((view) => view?.attempts)).toEqual([0, 0, 0]);
    });

    test('one that cannot be read is a dead letter, and the others are claimed anew without it', async () => {
      const tickets = [await bench.ticket(), await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      const unsent = { kind: 'unsent', why: 'stopped' } as const;
      const parts: AttemptEnd[] = [{ kind: 'unreadable', detail: 'its body is gone' }, unsent, unsent];
      const next = only((await settleParts(only(claims), unsent, parts)).claims);
      expect([next, ...next.riders].map(({ job }) => job)).toMatchObject([
        { ticket: tickets[1], attempts: 0 },
        { ticket: tickets[2], attempts: 0 },
      ]);
      expect(await readJob(bench.database, tickets[0] ?? '')).toMatchObject({ reason: 'unreadable' });
    });

    test('one that never left gives back one send, however many jobs it had', async () => {
      await bench.tickets(3);
      const { claims } = await bench.turn(T0);
      await settleParts(only(claims), { kind: 'unsent', why: 'late' }, [], { maxClaims: 0 });
      expect(await bench.row()).toMatchObject({ counts: { sends: 0, waiting: 3 } });
    });

    test('one that is too large comes back as halves, with nothing held against the jobs', async () => {
      bench.policy = { ...bench.policy, batch: { ...batch, max: 4 } };
      const tickets: string[] = [];
      for (let i = 0; i < 5; i++) tickets.push(await bench.ticket());
      const first = await bench.turn(T0);
      expect(sizes(first.claims)).toEqual([4]);
      const second = await settleParts(only(first.claims), answered(413), []);
      expect(sizes(second.claims)).toEqual([2]);
      expect(only(second.claims).job).toMatchObject({ ticket: tickets[0], attempts: 0 });
      const third = await settleParts(only(second.claims), answered(200), []);
      expect(sizes(third.claims)).toEqual([3]);
    });

    test('one of a single job that is too large is a dead letter', async () => {
      const ticket = await bench.ticket();
      const { claims } = await bench.turn(T0);
      await bench.settle(T0, claims, answered(413));
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'rejected' });
    });

    test('an engine that is lost in mid-batch gives each of its jobs back', async () => {
      for (let i = 0; i < 3; i++) await bench.ticket();
      await bench.turn(T0);
      const { claims } = await bench.turn(T0 + 1, { engine: 'e2', recover: true });
      expect(sizes(claims)).toEqual([3]);
      expect(await bench.row()).toMatchObject({ inFlight: 1, counts: { leased: 3 } });
    });
  });
}
