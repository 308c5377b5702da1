import { beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
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

    test('an engine that begins alone takes back the leases of the one before at once, and counts an orphan', async () => {
      const [ticket = ''] = await bench.tickets(1);
      await bench.turn(T0);
      const { claims } = await bench.turn(T0 + 100, { engine: 'e2', recover: true });
      expect(claims[0]?.job).toMatchObject({ ticket, orphans: 1, attempts: 0 });
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
      await releaseLeases(bench.database, 'e1', T0 + 1);
      const { claims } = await bench.turn(T0 + 2, { engine: 'e2' });
      expect(claims[0]?.job).toMatchObject({ orphans: 0 });
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
