import { beforeEach, describe, expect, test } from 'vitest';
import type { Claim } from '../core/ports.js';
import { clearQueue } from './clear.js';
import { exportLines } from './export.js';
import { openIdentity, signIn } from './identity.js';
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
