import { beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
import { openIdentity, signIn } from './identity.js';
import { cancelJob } from './job-commands.js';
import { releaseLeases } from './lease-commands.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { StoreBench, answered, ok, seqs, T0 } from './store.kit.js';

/** Leases: lost, recovered, renewed; and what ends a job by itself. */
export function testLeases(name: string, open: () => Database): void {
  describe(`${name}: leases`, () => {
    let bench: StoreBench;

    beforeEach(() => {
      bench = new StoreBench(open());
      bench.policy = { ...DEFAULT_POLICY, concurrency: 2 };
    });

    test('a settle under a lost lease changes nothing, but a late success counts', async () => {
      const [ticket = ''] = await bench.tickets(1);
      const { claims } = await bench.turn(T0);
      const retaken = await bench.turn(T0 + 50_000, { engine: 'e2' });
      expect(seqs(retaken.claims)).toEqual([1]);
      await bench.settle(T0 + 50_001, claims, answered(422), { maxClaims: 0, held: 0 });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'leased' });
      await bench.settle(T0 + 50_002, claims, ok(), { maxClaims: 0, held: 0 });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'done' });
      await bench.settle(T0 + 50_003, retaken.claims, answered(500), { engine: 'e2', maxClaims: 0 });
      expect(await bench.row()).toMatchObject({ counts: { accepted: 1, waiting: 0, leased: 0, done: 1 } });
    });

    test('a success from before storage was cleared settles no job of the same number', async () => {
      await bench.enqueueMany(1);
      const { claims } = await bench.turn(T0);
      const anew = new StoreBench(open());
      anew.policy = bench.policy;
      const ticket = await anew.ticket();
      const { claims: own } = await anew.settle(T0 + 1, claims);
      expect(seqs(own)).toEqual(seqs(claims));
      await anew.settle(T0 + 2, claims, ok(), { held: 2 });
      expect(await readJob(anew.database, ticket)).toMatchObject({ state: 'leased' });
    });

    test('a send from before storage was cleared, which never left, takes nothing off the sends there are', async () => {
      await bench.enqueueMany(1);
      const { claims } = await bench.turn(T0);
      const anew = new StoreBench(open());
      await anew.enqueue({ nonce: 'later' });
      await anew.settle(T0 + 1, claims, { kind: 'unsent', why: 'stopped' }, { maxClaims: 0 });
      expect((await anew.row()).counts.sends).toBe(0);
    });

    test('the body of a job is never that of another of the same number', async () => {
      await bench.enqueue({ body: new ArrayBuffer(5000) });
      const { claims } = await bench.turn(T0);
      const anew = new StoreBench(open());
      await anew.enqueue({ nonce: 'later', body: new ArrayBuffer(6000) });
      expect(await anew.store.body(claims[0]?.job as Job)).toBeUndefined();
    });

    test('the engine of a job that is gone lets go of it', async () => {
      await bench.enqueueMany(1);
      const [claim] = (await bench.turn(T0)).claims;
      const anew = new StoreBench(open());
      await anew.enqueue({ nonce: 'later' });
      expect(await anew.store.renew(claim as Claim, T0 + 90_000)).toBe('recalled');
    });

    test('what an owner has submitted before storage was cleared is stored for nobody after', async () => {
      await signIn(bench.database, { user: 'ann', adopt: false, now: T0 });
      const { owner } = await openIdentity(bench.database);
      const anew = new StoreBench(open());
      await signIn(anew.database, { user: 'bob', adopt: false, now: T0 });
      expect(await anew.enqueue({ owner })).toMatchObject({ kind: 'refused', code: 'signed-out' });
    });

    test('a late success does not raise a job that is dead', async () => {
      const [ticket = ''] = await bench.tickets(1);
      const { claims } = await bench.turn(T0);
      const retaken = await bench.turn(T0 + 50_000, { engine: 'e2' });
      await bench.settle(T0 + 50_001, retaken.claims, answered(422), { engine: 'e2', maxClaims: 0 });
      await bench.settle(T0 + 50_002, claims, ok(), { maxClaims: 0, held: 0 });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'rejected' });
      expect((await bench.row()).counts).toMatchObject({ done: 0, dead: { rejected: 1 } });
    });

    test('a lease of a clock that was set back ends once its time has passed on the one that holds now', async () => {
      await bench.enqueueMany(1);
      await bench.turn(T0);
      const back = T0 - 3_600_000;
      await bench.turn(back, { engine: 'e2', clockJumped: true });
      expect((await bench.turn(back + bench.policy.leaseMs - 1, { engine: 'e2' })).claims).toEqual([]);
      const { claims } = await bench.turn(back + bench.policy.leaseMs, { engine: 'e2' });
      expect(seqs(claims)).toEqual([1]);
    });

    test('an engine that begins alone takes back the leases of the one before at once, and counts an orphan', async () => {
      const [ticket = ''] = await bench.tickets(1);
      await bench.turn(T0);
      const { claims } = await bench.turn(T0 + 100, { engine: 'e2', recover: true });
      expect(claims[0]?.job).toMatchObject({ ticket, orphans: 1, attempts: 0 });
    });

    test('an engine that begins with no proof that it is alone leaves the leases of others to their end', async () => {
      await bench.enqueueMany(1);
      const { claims } = await bench.turn(T0);
      const begun = { engine: 'e2', recover: true, isAlone: false };
      expect((await bench.turn(T0 + 100, begun)).claims).toEqual([]);
      expect(await bench.store.renew(claims[0] as Claim, T0 + 90_000)).toBe('held');
    });

    test('what an engine has claimed, and not heard of, goes back as if it had never been', async () => {
      bench.policy = { ...bench.policy, repeat: 'never', rate: { limit: 2, perMs: 1000, burst: 2 } };
      await bench.enqueueMany(3);
      const { claims } = await bench.turn(T0, { maxClaims: 1 });
      await bench.turn(T0 + 1, { held: 1 });
      const known = claims.map(({ leaseId }) => leaseId);
      const again = await bench.turn(T0 + 2, { held: 1, known });
      expect(again.events).toMatchObject([{ type: 'returned' }, { type: 'attempt' }]);
      expect(again.claims.map(({ job }) => job)).toMatchObject([{ seq: 2, orphans: 0, attempts: 0 }]);
      expect(await bench.row()).toMatchObject({ counts: { leased: 2, waiting: 1, dead: {}, sends: 2 } });
    });

    test('a job that takes its engine down again and again is dead', async () => {
      const [ticket = ''] = await bench.tickets(1);
      for (let i = 0; i < 4; i++) await bench.turn(T0 + i, { engine: `crashed-${i}`, recover: true });
      await bench.turn(T0 + 10, { engine: 'last', recover: true });
      expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead', reason: 'orphaned' });
    });

    test('the leases of an engine that says it leaves end, with nothing held against the jobs', async () => {
      await bench.enqueueMany(1);
      await bench.turn(T0);
      await releaseLeases(bench.database, { engine: 'e1', now: T0 + 1 });
      const { claims } = await bench.turn(T0 + 2, { engine: 'e2' });
      expect(claims[0]?.job).toMatchObject({ orphans: 0 });
    });

    test('what is carried as its page is left goes on under another lease, which ends by time alone', async () => {
      const [ticket = ''] = await bench.tickets(2);
      await bench.turn(T0);
      const carried = { tickets: new Set([ticket]), by: 'c' };
      const { claims } = await releaseLeases(bench.database, { engine: 'e1', now: T0 + 1, carried });
      expect(claims).toMatchObject([{ job: { ticket }, credentials: -1 }]);
      const begun = { engine: 'e2', recover: true, isAlone: true };
      const next = await bench.turn(T0 + 2, begun);
      expect(next.claims.map(({ job }) => job.seq)).toEqual([2]);
      const { leaseMs } = bench.policy;
      const late = await bench.turn(T0 + 1 + leaseMs, { engine: 'e2', held: 1 });
      expect(late.claims).toMatchObject([{ job: { ticket, orphans: 1 } }]);
    });

    test('what is to be cancelled is not carried', async () => {
      const [ticket = ''] = await bench.tickets(1);
      await bench.turn(T0);
      await bench.command(cancelJob(ticket), T0 + 1);
      const carried = { tickets: new Set([ticket]), by: 'c' };
      const released = await releaseLeases(bench.database, { engine: 'e1', now: T0 + 2, carried });
      expect(released).toMatchObject({ claims: [], events: [{ type: 'cancelled', ticket }, {}] });
    });

    test('what was claimed for an instant to come is given back as its page is left, also where nothing is repeated', async () => {
      bench.policy = { ...bench.policy, repeat: 'never', rate: { limit: 1, perMs: 100, burst: 1 } };
      const [first = '', second = ''] = await bench.tickets(2);
      const { claims } = await bench.turn(T0, { leadMs: 60, durability: 'strict' });
      expect(claims.map(({ job }) => job.ticket)).toEqual([first, second]);
      const now = (claims[0]?.sendAt ?? 0) + 1;
      await releaseLeases(bench.database, { engine: 'e1', now });
      expect(await readJob(bench.database, first)).toMatchObject({ state: 'dead', reason: 'unknown' });
      expect(await readJob(bench.database, second)).toMatchObject({ state: 'waiting' });
    });

    test('a lease is renewed while it is held, and told lost when it is not', async () => {
      await bench.enqueueMany(1);
      const [claim] = (await bench.turn(T0)).claims;
      expect(await bench.store.renew(claim as Claim, T0 + 90_000)).toBe('held');
      expect((await bench.turn(T0 + 60_000, { engine: 'e2' })).claims).toEqual([]);
      await bench.turn(T0 + 95_000, { engine: 'e2' });
      expect(await bench.store.renew(claim as Claim, T0 + 200_000)).toBe('lost');
    });

    test('a job older than its time to live is dead, not sent', async () => {
      bench.policy = { ...bench.policy, ttlMs: 1000 };
      const [ticket = ''] = await bench.tickets(1);
      const { claims, events } = await bench.turn(T0 + 1000);
      expect(claims).toEqual([]);
      expect(events).toMatchObject([{ type: 'dead', ticket, reason: 'expired' }]);
    });

    test('Retry-After freezes the whole queue and spends no attempt', async () => {
      await bench.enqueueMany(3);
      const { claims } = await bench.turn(T0);
      const report = await bench.settle(T0, claims, answered(429, { notBeforeMs: 2000 }));
      expect(report).toMatchObject({ claims: [], closed: true, nextAt: T0 + 2500 });
      const thawed = await bench.turn(T0 + 2500);
      expect(thawed.claims.map(({ job }) => job.attempts)).toEqual([0, 0]);
    });
  });
}
