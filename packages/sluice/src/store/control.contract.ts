import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
import { clearQueue } from './clear.js';
import { commandQueues } from './control.js';
import { openIdentity, signIn } from './identity.js';
import { cancelJob, commandJobs } from './job-commands.js';
import { writeContext } from './owners.js';
import { listJobs, readJob } from './query.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { StoreBench, TURN, answered, ok, seqs, T0 } from './store.kit.js';

/** What somebody asks of jobs and queues, and what is swept. */
export function testControl(name: string, open: () => Database): void {
  describe(`${name}: control`, () => {
    let bench: StoreBench;

    beforeEach(() => {
      bench = new StoreBench(open());
      bench.policy = { ...DEFAULT_POLICY, concurrency: 2 };
    });

    test('cancels a waiting job at once, and flags a leased one', async () => {
      bench.policy = { ...bench.policy, concurrency: 1 };
      const [leased = '', waiting = ''] = await bench.tickets(2);
      const [claim] = (await bench.turn(T0)).claims;
      expect(await bench.command(cancelJob(waiting), T0)).toMatchObject({ answer: 'cancelled' });
      expect(await bench.command(cancelJob(leased), T0)).toMatchObject({ answer: 'aborting' });
      expect(await bench.store.renew(claim as Claim, T0 + 90_000)).toBe('recalled');
      await bench.settle(T0, [claim as Claim], { kind: 'aborted' });
      expect(await readJob(bench.database, leased)).toMatchObject({ state: 'cancelled', reason: 'user' });
      expect((await bench.row()).counts).toMatchObject({ waiting: 0, leased: 0, cancelled: { user: 2 } });
    });

    test('a cancellation outlives the engine that was to carry it out', async () => {
      const [ticket = ''] = await bench.tickets(1);
      await bench.turn(T0);
      await bench.command(cancelJob(ticket), T0);
      expect((await bench.turn(T0 + 100, { engine: 'e2', recover: true })).claims).toEqual([]);
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'cancelled', reason: 'user' });
    });

    test('a cancelled job that was delivered all the same is done', async () => {
      const [ticket = ''] = await bench.tickets(1);
      const { claims } = await bench.turn(T0);
      await bench.command(cancelJob(ticket), T0);
      await bench.settle(T0, claims, ok());
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'done' });
    });

    test('redrives a dead job into its place, attempts at 0, and nothing else', async () => {
      bench.policy = { ...bench.policy, concurrency: 1 };
      const [ticket = '', other = ''] = await bench.tickets(2);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422), { maxClaims: 0 });
      await bench.command(redriveJob(ticket), T0 + 5);
      expect((await bench.row()).counts).toMatchObject({ waiting: 2, dead: { rejected: 0 } });
      expect((await bench.turn(T0 + 6)).claims[0]?.job).toMatchObject({ ticket, attempts: 0 });
      await expect(bench.command(redriveJob(other), T0)).rejects.toMatchObject({
        code: 'state-conflict',
        value: other,
      });
      await expect(bench.command(cancelJob('orders.99.x'), T0)).rejects.toMatchObject({
        code: 'state-conflict',
      });
    });

    test('of many commands in one transaction, one that is refused stops no other', async () => {
      const [first = '', second = ''] = await bench.tickets(2);
      const commands = [cancelJob(first), redriveJob(second), cancelJob(first), cancelJob(second)];
      const { answers, events } = await commandJobs(bench.database, commands, T0);
      expect(answers).toMatchObject([
        { kind: 'applied', value: 'cancelled' },
        { kind: 'refused', error: { code: 'state-conflict', value: second } },
        { kind: 'refused', error: { code: 'state-conflict', value: first } },
        { kind: 'applied', value: 'cancelled' },
      ]);
      expect(events).toHaveLength(2);
      expect((await bench.row()).counts).toMatchObject({ accepted: 2, waiting: 0, cancelled: { user: 2 } });
    });

    test('a redriven job of an ordering key with a live head goes behind it', async () => {
      const [ticket = ''] = await bench.tickets(3, { options: { orderingKey: 'a' } });
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422), { maxClaims: 0 });
      const head = await bench.turn(T0 + 1);
      expect(seqs(head.claims)).toEqual([2]);
      await bench.command(redriveJob(ticket), T0 + 2);
      expect(seqs((await bench.settle(T0 + 3, head.claims, ok())).claims)).toEqual([1]);
    });

    test('claims nothing while paused, and goes on when resumed', async () => {
      await bench.enqueueMany(1);
      await commandQueues(bench.database, 'orders', { kind: 'pause' }, T0);
      expect(await bench.turn(T0)).toMatchObject({ claims: [], closed: true, nextAt: undefined });
      await commandQueues(bench.database, undefined, { kind: 'resume' }, T0);
      expect((await bench.turn(T0)).claims).toHaveLength(1);
      await expect(commandQueues(bench.database, 'nope', { kind: 'pause' }, T0)).rejects.toMatchObject({
        code: 'queue-unknown',
        value: 'nope',
      });
    });

    test('waits for sign-in until nudged, with no attempt spent', async () => {
      await bench.enqueueMany(1);
      const report = await bench.settle(T0, (await bench.turn(T0)).claims, answered(401));
      expect(report).toMatchObject({
        closed: true,
        nextAt: undefined,
        events: [{ type: 'sign-in' }, { type: 'returned' }],
      });
      await commandQueues(bench.database, 'orders', { kind: 'nudge' }, T0);
      expect((await bench.turn(T0)).claims[0]?.job.attempts).toBe(0);
    });

    test.each([
      ['a nudge', () => commandQueues(bench.database, 'orders', { kind: 'nudge' }, T0)],
      [
        'a context',
        async () =>
          writeContext(bench.database, (await openIdentity(bench.database)).owner, { kind: 'none' }),
      ],
      ['a sign-in', () => signIn(bench.database, { user: null, adopt: false, now: T0 })],
    ])('does not wait for sign-in where %s came after what was refused had left', async (_, comes) => {
      await bench.enqueueMany(1);
      const { claims } = await bench.turn(T0);
      await comes();
      expect(await bench.settle(T0, claims, answered(401))).toMatchObject({
        closed: false,
        events: [{ type: 'returned' }, { type: 'attempt' }],
      });
      expect(await bench.row()).toMatchObject({ awaitsSignIn: false });
    });

    test('waits for sign-in where credentials have changed before what was refused was claimed', async () => {
      await bench.enqueueMany(1);
      await commandQueues(bench.database, 'orders', { kind: 'nudge' }, T0);
      const { claims } = await bench.turn(T0);
      expect(await bench.settle(T0, claims, answered(401))).toMatchObject({ closed: true });
    });

    test('lists by state, page by page, in order, and goes on where it stopped', async () => {
      const all = await bench.tickets(5);
      const query = { queue: 'orders', state: 'waiting' as const, limit: 2 };
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const { jobs, next } = await listJobs(bench.database, { ...query, after });
        seen.push(...jobs.map(({ ticket }) => ticket));
        after = next;
      } while (after !== undefined);
      expect(seen).toEqual(all);
    });

    test.each(['garbage', '', 'null', '[]', '["ready"]', '["ready",1,{}]', '["done",1,1]'])(
      'lists nothing after %j, which no page of the list has answered',
      async (after) => {
        await bench.tickets(1);
        const query = { queue: 'orders', state: 'waiting', limit: 2 } as const;
        await expect(listJobs(bench.database, { ...query, after })).rejects.toMatchObject({
          code: 'config-invalid',
          value: after,
        });
      },
    );

    test('knows nothing of a ticket it never gave, nor of one from another life of the database', async () => {
      const [ticket = ''] = await bench.tickets(1);
      expect(await readJob(bench.database, 'garbage')).toBeUndefined();
      expect(await readJob(bench.database, 'orders.1.other')).toBeUndefined();
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'waiting' });
    });

    test('sweeps results and dead letters whose time is over, and keeps the counters', async () => {
      bench.policy = { ...bench.policy, resultsKeptMs: 1000, deadKeptMs: 2000 };
      const [done = '', dead = ''] = await bench.tickets(2);
      const { claims } = await bench.turn(T0);
      await bench.settle(T0, claims.slice(0, 1), ok(), { held: 2 });
      await bench.settle(T0, claims.slice(1), answered(422), { held: 1 });
      await bench.store.sweep({ queue: 'orders', after: 0 }, T0 + 1500);
      expect(await readJob(bench.database, done)).toBeUndefined();
      expect(await readJob(bench.database, dead)).toMatchObject({ state: 'dead' });
      await bench.store.sweep({ queue: 'orders', after: 0 }, T0 + 2500);
      expect(await readJob(bench.database, dead)).toBeUndefined();
      expect((await bench.row()).counts).toMatchObject({ accepted: 2, done: 1, dead: { rejected: 1 } });
    });

    const sweepAll = async (now: number): Promise<number[]> => {
      const dead: number[] = [];
      let after: number | undefined = 0;
      while (after !== undefined) {
        const swept = await bench.store.sweep({ queue: 'orders', after }, now);
        dead.push(swept.events.length);
        after = swept.after;
      }
      return dead;
    };

    test('sweeps what waited too long of many users, fifty jobs at a time', async () => {
      for (let i = 0; i < 120; i++) {
        await signIn(bench.database, { user: `user ${i}`, adopt: false, now: T0 });
        await bench.enqueue({ owner: (await openIdentity(bench.database)).owner });
      }
      expect(await sweepAll(T0 + DEFAULT_POLICY.ttlMs)).toEqual([50, 50, 20]);
      expect((await bench.row()).counts).toMatchObject({ waiting: 0, dead: { expired: 120 } });
    });

    test('ends in a paused queue what waited too long behind any number of others', async () => {
      await bench.enqueueMany(450);
      const ways = [{}, { orderingKey: 'k' }, { orderingKey: 'k' }, { held: true }, { notBefore: T0 + 1 }];
      const late: string[] = [];
      for (const way of ways) late.push(await bench.ticket({ ...way, ttlMs: 1000 }));
      await commandQueues(bench.database, 'orders', { kind: 'pause' }, T0);
      await sweepAll(T0 + 1001);
      for (const ticket of late)
        expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'expired' });
      expect((await bench.row()).counts).toMatchObject({ waiting: 450, dead: { expired: 5 } });
    });

    test('a turn buries a bounded number of what waited too long, and comes again at once', async () => {
      for (const options of [{}, { held: true }]) {
        await bench.enqueueMany(120, { options: { ...options, ttlMs: 1000 } });
        const now = T0 + 1000;
        const dead: number[] = [];
        let report = await bench.turn(now);
        for (; report.nextAt === now; report = await bench.turn(now)) dead.push(report.events.length);
        dead.push(report.events.length);
        expect(dead.filter((count) => count > 0)).toEqual([50, 50, 20]);
      }
    });

    test('a batch buries a bounded number of what waited too long', async () => {
      bench.policy = { ...bench.policy, batch: { max: 40, maxBytes: 1e6, waitMs: 0 } };
      await bench.enqueueMany(120, { options: { ttlMs: 1000 } });
      const { nextAt, events } = await bench.turn(T0 + 1000);
      expect([nextAt, events.length]).toEqual([T0 + 1000, 50]);
    });

    test('a queue is cleared a hundred jobs at a time', async () => {
      await bench.enqueueMany(250);
      let transactions = 0;
      const { run } = bench.database;
      await clearQueue(
        { ...bench.database, run: (plan, work) => ((transactions += 1), run(plan, work)) },
        'orders',
        T0,
      );
      expect(transactions).toBe(4);
      expect((await bench.row()).counts).toMatchObject({ waiting: 0, cancelled: { cleared: 250 } });
    });

    test('has no turn for a queue it does not know', async () => {
      expect(await bench.store.turn(TURN, { now: T0, chance: () => 0 })).toBeUndefined();
    });
  });
}
