import { beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../core/identity.js';
import { commandQueues } from './control.js';
import { openIdentity, signIn } from './identity.js';
import { cancelJob, editJob } from './job-commands.js';
import { releaseLeases } from './lease-commands.js';
import { writePolicies } from './policies.js';
import { readJob } from './query.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { answered, draft, StoreBench, T0 } from './store.kit.js';

/** What a queue does at its limits, and how they are changed. */
export function testLimits(name: string, open: () => Database): void {
  let bench: StoreBench;
  let signedIn: Owner;
  beforeEach(async () => {
    bench = new StoreBench(open());
    signedIn = (await openIdentity(bench.database)).owner;
  });
  const instant = { now: T0, chance: () => 0.5 };
  const url = 'https://example.test/api/orders';
  const passing = {
    pass: 'p',
    get owner() {
      return signedIn;
    },
  };

  describe(`${name}: a rate that queues share`, () => {
    test('gets back what one of them has not sent, and keeps what another has', async () => {
      const limits = { 'https://example.test': { limit: 2, perMs: 1000, burst: 2 } };
      bench.policy = { ...bench.policy, concurrency: 9, limits };
      await bench.enqueue();
      for (let i = 0; i < 3; i++) await bench.enqueue({ queue: 'photos' });
      const { claims } = await bench.turn(T0, { turn: 1 });
      await bench.turn(T0, { queue: 'photos', turn: 1, maxClaims: 1 });
      await bench.settle(T0, claims, { kind: 'unsent', why: 'stopped' }, { maxClaims: 0 });
      const more = await bench.turn(T0 + 1, { queue: 'photos', turn: 2, held: 1 });
      expect(more.claims).toHaveLength(1);
    });
  });

  describe(`${name}: the limit of a destination`, () => {
    test('is charged by each send, once a request was made to it that was stored for another', async () => {
      const limits = { 'https://other.test': { limit: 1, perMs: 1000, burst: 1 } };
      bench.policy = { ...bench.policy, concurrency: 9, limits };
      await bench.enqueueMany(3);
      const { claims } = await bench.turn(T0);
      expect(claims).toHaveLength(3);
      const end = { kind: 'unsent', why: 'uncharged', origin: 'https://other.test' } as const;
      const next = await bench.settle(T0 + 5, claims, end);
      expect(next.claims).toHaveLength(1);
      expect(next.claims[0]?.charged).toContain('https://other.test');
      expect(next.nextAt).toBeGreaterThan(T0 + 900);
      expect((await bench.row()).counts.sends).toBe(1);
    });
  });

  describe(`${name}: a full queue`, () => {
    test('that drops the lowest gives up its last in line for a higher one, and for no equal', async () => {
      bench.policy = { ...bench.policy, maxJobs: 2, whenFull: 'drop-lowest' };
      const first = await bench.ticket();
      const second = await bench.ticket();
      expect(await bench.enqueue()).toMatchObject({ kind: 'full', passes: false });
      const urgent = await bench.enqueue({ options: { priority: 1 } });
      expect(urgent).toMatchObject({
        kind: 'accepted',
        events: [{ type: 'cancelled', ticket: second, reason: 'shed' }, { type: 'accepted' }],
      });
      expect(await readJob(bench.database, first)).toMatchObject({ state: 'waiting' });
      expect((await bench.row()).counts).toMatchObject({ cancelled: { shed: 1 }, refused: 1 });
    });

    test('that drops the oldest drops the oldest of the least urgent', async () => {
      bench.policy = { ...bench.policy, maxJobs: 3, whenFull: 'drop-oldest' };
      const urgent = await bench.ticket({ priority: 2 });
      const [first, second] = [await bench.ticket(), await bench.ticket()];
      await bench.ticket({ priority: 1 });
      expect(await readJob(bench.database, first)).toMatchObject({ reason: 'shed' });
      await bench.ticket();
      expect(await readJob(bench.database, second)).toMatchObject({ reason: 'shed' });
      expect(await readJob(bench.database, urgent)).toMatchObject({ state: 'waiting' });
    });

    test('drops nothing that is more urgent than what comes', async () => {
      bench.policy = { ...bench.policy, maxJobs: 2, whenFull: 'drop-oldest' };
      await bench.ticket({ priority: 1 });
      await bench.ticket({ priority: 1, held: true });
      expect(await bench.enqueue()).toMatchObject({ kind: 'full' });
      expect((await bench.row()).counts).toMatchObject({ cancelled: {}, refused: 1 });
    });

    test('drops the least urgent in whichever way it waits', async () => {
      for (const whenFull of ['drop-oldest', 'drop-lowest'] as const) {
        bench = new StoreBench(open());
        bench.policy = { ...bench.policy, maxJobs: 5, whenFull };
        const orderingKey = 'k';
        await bench.ticket({ orderingKey, priority: 9 });
        const low = [
          await bench.ticket({ orderingKey, priority: -4 }),
          await bench.ticket({ notBefore: T0 + 1000, priority: -3 }),
          await bench.ticket({ held: true, priority: -2 }),
          await bench.ticket({ priority: -1 }),
        ];
        for (const ticket of low) {
          expect(await bench.enqueue({ options: { priority: 5 } })).toMatchObject({
            events: [{ type: 'cancelled', ticket, reason: 'shed' }, { type: 'accepted' }],
          });
        }
      }
    });

    test('drops no job of another user, whoever is signed in', async () => {
      for (const whenFull of ['drop-oldest', 'drop-lowest'] as const) {
        bench = new StoreBench(open());
        bench.policy = { ...bench.policy, maxJobs: 1, whenFull };
        const guests = await bench.ticket();
        await signIn(bench.database, { user: 'ann', adopt: false, now: T0 });
        const { owner } = await openIdentity(bench.database);
        expect(await bench.enqueue({ owner, options: { priority: 1 } })).toMatchObject({ kind: 'full' });
        await signIn(bench.database, { user: null, adopt: false, now: T0 });
        // Captured while she was signed in, and stored after.
        expect(await bench.enqueue({ owner, options: { priority: 1 } })).toMatchObject({ kind: 'full' });
        expect(await readJob(bench.database, guests)).toMatchObject({ state: 'waiting' });
      }
    });

    test('gives up a bounded number of jobs at a time for one that is large', async () => {
      bench.policy = { ...bench.policy, maxBytes: 200_000, whenFull: 'drop-oldest' };
      await bench.enqueueMany(390, { body: new ArrayBuffer(300) });
      const large = { body: new ArrayBuffer(199_000) };
      expect(await bench.enqueue(large)).toMatchObject({ kind: 'full' });
      expect((await bench.row()).counts).toMatchObject({ cancelled: { shed: 200 } });
      await bench.ticket({}, large);
    });

    test('gives up nothing for what would not fit if it were empty', async () => {
      for (const whenFull of ['drop-oldest', 'drop-lowest'] as const) {
        bench.policy = { ...bench.policy, maxBytes: 1000, whenFull };
        const ticket = await bench.ticket();
        const body = new ArrayBuffer(1001);
        expect(await bench.enqueue({ body, options: { priority: 1 } })).toMatchObject({
          kind: 'full',
          limit: 'maxBytes',
        });
        expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'waiting' });
      }
    });

    test('that lets requests through charges them to the rate, like any send', async () => {
      const rate = { limit: 2, perMs: 1000, burst: 2 };
      bench.policy = { ...bench.policy, maxJobs: 1, whenFull: 'network', concurrency: 9, rate };
      await bench.ticket();
      expect(await bench.enqueue()).toMatchObject({ kind: 'full', passes: true });
      expect(
        await bench.store.chargeDirect({ ...passing, queue: 'orders', url, cost: undefined }, instant),
      ).toMatchObject({
        at: T0,
        latestAt: T0 + 50,
      });
      expect((await bench.turn(T0)).claims).toHaveLength(1);
      expect(
        await bench.store.chargeDirect({ ...passing, queue: 'orders', url, cost: undefined }, instant),
      ).toMatchObject({
        at: T0 + 1050,
      });
      expect((await bench.row()).counts).toMatchObject({ sends: 3 });
    });

    test('charges what is let through, or tried first, as much as it costs', async () => {
      const rate = { limit: 10, perMs: 1000, burst: 10 };
      bench.policy = { ...bench.policy, concurrency: 9, rate };
      await bench.ticket();
      await bench.serve(1);
      const send = { ...passing, queue: 'orders', url, cost: 6 };
      expect(await bench.store.chargeDirect(send, instant)).toMatchObject({ at: T0 });
      expect(await bench.store.chargeDirect(send, instant)).toMatchObject({ at: T0 + 1050 });
      const keys = {
        orderingKey: undefined,
        dedupeKey: undefined,
        coalesces: false,
        idempotencyKey: 'k',
        firstTryMs: 1,
      };
      const later = { ...instant, now: T0 + 2100 };
      expect(await bench.store.chargeFirstTry({ ...send, ...keys }, later)).toMatchObject({ at: T0 + 2100 });
      expect(await bench.store.chargeFirstTry({ ...send, ...keys }, later)).toBeUndefined();
    });

    test('lets nothing through that would have to wait long, nor while the queue is held', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 1, perMs: 60_000, burst: 1 } };
      await bench.ticket();
      await bench.turn(T0);
      expect(
        await bench.store.chargeDirect({ ...passing, queue: 'orders', url, cost: undefined }, instant),
      ).toBeUndefined();
      await bench.ticket({}, { queue: 'others' });
      await commandQueues(bench.database, 'others', { kind: 'pause' }, T0);
      expect(
        await bench.store.chargeDirect({ ...passing, queue: 'others', url, cost: undefined }, instant),
      ).toBeUndefined();
      expect(
        await bench.store.chargeDirect({ ...passing, queue: 'unknown', url, cost: undefined }, instant),
      ).toBeUndefined();
    });
  });

  describe(`${name}: a way back in`, () => {
    const full = { code: 'queue-full' };

    test('a redrive finds no room in a queue that is full by jobs or by bytes, and changes nothing', async () => {
      for (const limit of [{ maxJobs: 1 }, { maxBytes: 300 }]) {
        bench = new StoreBench(open());
        bench.policy = { ...bench.policy, ...limit };
        const body = new ArrayBuffer(150);
        const dead = await bench.ticket({}, { body });
        await bench.settle(T0, (await bench.turn(T0)).claims, answered(422), { maxClaims: 0 });
        const other = await bench.ticket({}, { body });
        await expect(bench.command(redriveJob(dead), T0)).rejects.toMatchObject(full);
        await bench.command(cancelJob(other), T0);
        await bench.command(redriveJob(dead), T0);
        expect((await bench.row()).counts).toMatchObject({ waiting: 1, dead: { rejected: 0 } });
      }
    });

    test('an edit that makes a waiting job larger than the room left is refused, and one that does not is not', async () => {
      const ticket = await bench.ticket({}, { idempotencyKey: 'key', body: new ArrayBuffer(10) });
      bench.policy = { ...bench.policy, maxBytes: (await bench.row()).bytes };
      await commandQueues(
        bench.database,
        'orders',
        { kind: 'patch', patch: { maxBytes: bench.policy.maxBytes } },
        T0,
      );
      const { request } = draft({ owner: 1 });
      const change = { request, idempotencyKey: 'another', previousKey: 'key' };
      const edit = (bytes: number) => editJob(ticket, { ...change, body: new ArrayBuffer(bytes) });
      await expect(bench.command(edit(11), T0)).rejects.toMatchObject(full);
      await bench.command(edit(10), T0);
    });
  });

  describe(`${name}: at most once`, () => {
    test('a job whose engine was lost in mid-send is dead, for somebody to look at', async () => {
      bench.policy = { ...bench.policy, repeat: 'never' };
      const ticket = await bench.ticket();
      await bench.turn(T0);
      await bench.turn(T0 + 1, { engine: 'e2', recover: true });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'unknown' });
    });

    test('a claim that a loss of power could undo is not made', async () => {
      bench.policy = { ...bench.policy, repeat: 'never' };
      await bench.ticket();
      const relaxed = await bench.turn(T0, { durability: 'relaxed' });
      expect(relaxed).toMatchObject({ claims: [], durability: 'strict', nextAt: T0 });
      expect((await bench.turn(T0)).claims).toHaveLength(1);
    });

    test('so is one whose engine said that it leaves', async () => {
      bench.policy = { ...bench.policy, repeat: 'never' };
      const ticket = await bench.ticket();
      await bench.turn(T0);
      await releaseLeases(bench.database, { engine: 'e1', now: T0 + 1 });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'unknown' });
    });

    test('a service that is gone takes five jobs, and then is probed', async () => {
      bench.policy = { ...bench.policy, repeat: 'never', concurrency: 1 };
      for (let i = 0; i < 8; i++) await bench.ticket();
      for (let i = 0; i < 8; i++) {
        const { claims } = await bench.turn(T0 + i);
        await bench.settle(T0 + i, claims, { kind: 'network-error', detail: 'reset' }, { maxClaims: 0 });
      }
      const { flow, counts } = await bench.row();
      expect([flow.phase.kind, counts.dead, counts.waiting]).toEqual(['probe', { unknown: 5 }, 3]);
    });

    test('an unanswered send is not repeated, and one that was turned away is', async () => {
      bench.policy = { ...bench.policy, repeat: 'never', concurrency: 2 };
      const [lost, turnedAway] = [await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      await bench.settle(T0, claims.slice(0, 1), { kind: 'timeout' }, { held: 2, maxClaims: 0 });
      await bench.settle(T0, claims.slice(1), answered(503), { maxClaims: 0 });
      expect(await readJob(bench.database, lost)).toMatchObject({ state: 'dead', reason: 'unknown' });
      expect(await readJob(bench.database, turnedAway)).toMatchObject({ state: 'waiting' });
    });
  });

  describe(`${name}: a policy that is changed while it runs`, () => {
    const patch = (change: Parameters<typeof commandQueues>[2] & { kind: 'patch' }) =>
      commandQueues(bench.database, 'orders', change, T0);

    test('holds from the next turn on, and is told', async () => {
      for (let i = 0; i < 3; i++) await bench.ticket();
      const events = await patch({ kind: 'patch', patch: { concurrency: 3 } });
      expect(events).toEqual([{ type: 'policy-changed', queue: 'orders' }]);
      expect((await bench.turn(T0)).claims).toHaveLength(3);
    });

    test('with another rate holds at once, and the windows of the old sends with it', async () => {
      bench.policy = { ...bench.policy, concurrency: 9, rate: { limit: 1, perMs: 60_000, burst: 1 } };
      for (let i = 0; i < 9; i++) await bench.ticket();
      expect((await bench.turn(T0)).claims).toHaveLength(1);
      await patch({ kind: 'patch', patch: { rate: { limit: 3, perMs: 1000, burst: 3 } } });
      const { claims, nextAt } = await bench.turn(T0 + 10, { held: 1 });
      expect(claims).toHaveLength(2);
      expect(nextAt).toBe(T0 + 1050);
    });

    test('outlasts a new version of the app, whose own rules come back with null', async () => {
      await bench.ticket();
      await patch({ kind: 'patch', patch: { maxJobs: 7, rate: { limit: 3, perMs: 1000 } } });
      const newer = { ...bench.policy, maxJobs: 9, concurrency: 4 };
      await writePolicies(bench.database, { orders: newer }, { overwrite: true });
      expect((await bench.row()).policy).toMatchObject({
        maxJobs: 7,
        concurrency: 4,
        rate: { limit: 3, perMs: 1000, burst: 1 },
      });
      await patch({ kind: 'patch', patch: null });
      expect((await bench.row()).policy).toEqual(newer);
    });
  });
}
