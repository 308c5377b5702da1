import { beforeEach, describe, expect, test } from 'vitest';
import type { Claim } from '../core/ports.js';
import { clearQueue, eraseForgotten } from './clear.js';
import { exportLines } from './export.js';
import { foreignSendUntil, forget, openIdentity, signIn } from './identity.js';
import { readOwner, writeContext } from './owners.js';
import { listJobs } from './query.js';
import type { Database } from './rows.js';
import { answered, StoreBench, T0 } from './store.kit.js';

/** Each user has a share of the queue, and sees and changes nothing of another. */
export function testUsers(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open());
  });
  const identify = async (user: string, adopt = false): Promise<number> => {
    await openIdentity(bench.database);
    await signIn(bench.database, { user, adopt, now: T0 });
    return (await openIdentity(bench.database)).owner;
  };

  describe(`${name}: users`, () => {
    test('a request that was captured for one user is no duplicate of a job of the next', async () => {
      const anna = await identify('anna');
      const bert = await identify('bert');
      const options = { dedupeKey: 'order-7' };
      const first = await bench.ticket(options, { owner: bert });
      expect(await bench.ticket(options, { owner: anna })).not.toBe(first);
    });

    test('an export has the jobs of the user who is signed in, and no others', async () => {
      await bench.ticket({}, { owner: await identify('anna') });
      const own = await bench.ticket({}, { owner: await identify('bert') });
      const lines: string[] = [];
      for await (const line of exportLines(bench.database)) lines.push(line);
      expect(lines.map((line) => (JSON.parse(line) as { ticket: string }).ticket)).toEqual([own]);
    });

    test('a queue that is cleared leaves the sends of another user alone', async () => {
      await bench.ticket({}, { owner: await identify('anna') });
      const { claims } = await bench.turn(T0);
      await identify('bert');
      await clearQueue(bench.database, 'orders', T0);
      await bench.settle(T0, claims, { kind: 'aborted' });
      await identify('anna');
      expect(await bench.row()).toMatchObject({ counts: { waiting: 1, cancelled: {} } });
    });

    test('the engine of a send learns at its next renewal that the user has changed', async () => {
      await bench.ticket({}, { owner: await identify('anna') });
      const { claims } = await bench.turn(T0);
      await identify('bert');
      expect(await bench.store.renew(claims[0] as Claim, T0 + 90_000)).toBe('recalled');
    });

    test('a context is gone once its user has signed out, also when they come back', async () => {
      const anna = await identify('anna');
      await writeContext(bench.database, anna, { kind: 'none' });
      await identify('bert');
      await identify('anna');
      expect(await readOwner(bench.database, anna)).not.toHaveProperty('context');
    });

    test('a lease that another clock has written holds up a change of users no longer than one lasts', async () => {
      await bench.ticket({}, { owner: await identify('anna') });
      await bench.turn(T0 + 86_400_000);
      await identify('bert');
      const until = await foreignSendUntil(bench.database, T0);
      expect(until).toBeGreaterThanOrEqual(T0 + bench.policy.leaseMs);
      expect(until).toBeLessThanOrEqual(T0 + bench.policy.leaseMs + 15_000);
      // It does not move on with the clock.
      expect(await foreignSendUntil(bench.database, T0 + 30_000)).toBe(until);
    });

    describe('a guest who has many jobs', () => {
      const MANY = 250;
      const guestWithMany = async () => {
        await openIdentity(bench.database);
        const tickets = await bench.tickets(MANY);
        const chained = [];
        for (let i = 0; i < 3; i++) chained.push(await bench.ticket({ orderingKey: 'k' }));
        return { tickets, chained };
      };
      const live = async () => (await bench.row()).live;

      test('takes them along a hundred at a time, and none is sent before the last has come', async () => {
        const { tickets, chained } = await guestWithMany();
        const ann = await identify('ann', true);
        expect((await live())[ann]).toBe(100);
        const own = await bench.ticket({ orderingKey: 'k' }, { owner: ann });
        const { claims, nextAt } = await bench.turn(T0);
        expect(claims).toEqual([]);
        expect(nextAt).toBe(T0);
        // Another engine finds what is left, as after a kill.
        while ((await bench.row()).adopting !== undefined)
          await bench.turn(T0, { engine: 'e2', maxClaims: 0 });
        const order = await bench.serve(MANY + 4);
        expect(new Set(order)).toEqual(new Set([...tickets, ...chained, own]));
        expect(order.filter((ticket) => [...chained, own].includes(ticket))).toEqual([...chained, own]);
        expect(await live()).toEqual({});
      });

      test('and leaves: they are theirs, and not of the one who comes', async () => {
        await guestWithMany();
        const ann = await identify('ann', true);
        await identify('bert', true);
        expect(await live()).toEqual({ [ann]: MANY + 3 });
      });

      test('and is forgotten with all of them', async () => {
        await guestWithMany();
        await identify('ann', true);
        await forget(bench.database, 'ann', T0);
        await eraseForgotten(bench.database, T0);
        expect(await live()).toEqual({});
      });

      test('and submits one of them again: it gets the ticket that there is', async () => {
        await openIdentity(bench.database);
        const tickets = await bench.tickets(MANY);
        const last = await bench.ticket({ dedupeKey: 'order-7' });
        const ann = await identify('ann', true);
        expect(tickets).toHaveLength(MANY);
        expect(await bench.ticket({ dedupeKey: 'order-7' }, { owner: ann })).toBe(last);
      });
    });

    test('a guest who signs in takes along what waits, and not what is dead', async () => {
      const guest = await identify('');
      await bench.ticket({}, { owner: guest });
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      await bench.ticket({}, { owner: guest });
      const anna = await identify('anna', true);
      const request = { queue: 'orders', state: 'dead' as const, after: undefined, limit: 9 };
      expect((await listJobs(bench.database, request)).jobs).toEqual([]);
      expect((await bench.row()).live).toEqual({ [anna]: 1 });
    });
  });
}
