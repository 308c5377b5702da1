import { beforeEach, describe, expect, test } from 'vitest';
import { cancelJob, holdJob, releaseJob } from './job-commands.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { StoreBench, answered, draft, T0 } from './store.kit.js';

/** In which order a queue serves what it holds, and what each costs. */
export function testLine(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open());
  });
  const names = (order: string[], labels: Record<string, string>) => order.map((one) => labels[one]);

  describe(`${name}: priority`, () => {
    test('a higher one is served first, and within a class whoever came first', async () => {
      const labels = {
        [await bench.ticket()]: 'a',
        [await bench.ticket({ priority: -1 })]: 'low',
        [await bench.ticket({ priority: 2 })]: 'high 1',
        [await bench.ticket()]: 'b',
        [await bench.ticket({ priority: 2 })]: 'high 2',
      };
      expect(names(await bench.serve(5), labels)).toEqual(['high 1', 'high 2', 'a', 'b', 'low']);
    });

    test('a flood of a higher class slows a lower one to one in eight, and starves it never', async () => {
      const low = [await bench.ticket(), await bench.ticket()];
      for (let i = 0; i < 20; i++) await bench.ticket({ priority: 1 });
      const order = await bench.serve(16);
      expect(low.map((ticket) => order.indexOf(ticket))).toEqual([7, 15]);
    });

    test('nor does it where jobs share a request', async () => {
      bench.policy = { ...bench.policy, batch: { max: 2, maxBytes: 1000, waitMs: 0 } };
      const low = await bench.ticket();
      for (let i = 0; i < 40; i++) await bench.ticket({ priority: 1 });
      const members: string[] = [];
      for (let i = 0; i < 8; i++) {
        const { claims } = await bench.turn(T0);
        const all = claims.flatMap((claim) => [claim, ...claim.riders]);
        members.push(...all.map(({ job }) => job.ticket));
        await bench.settle(T0, all, answered(200), { maxClaims: 0 });
      }
      expect(members.indexOf(low)).toBe(14);
    });

    test('a nacked job keeps its place before its class', async () => {
      const first = await bench.ticket({ priority: 1 });
      await bench.ticket({ priority: 1 });
      await bench.ticket();
      const { claims } = await bench.turn(T0);
      await bench.settle(T0, claims, answered(500), { maxClaims: 0 });
      expect((await bench.turn(T0 + 5000)).claims[0]?.job.ticket).toBe(first);
    });
  });

  describe(`${name}: fairness`, () => {
    test('keys take turns, however much one of them has in line', async () => {
      const labels: Record<string, string> = {};
      for (let i = 0; i < 6; i++) labels[await bench.ticket({ fairnessKey: 'bulk' })] = `bulk ${i}`;
      for (let i = 0; i < 2; i++) labels[await bench.ticket({ fairnessKey: 'form' })] = `form ${i}`;
      const order = names(await bench.serve(8), labels);
      expect(order).toEqual(['bulk 0', 'form 0', 'bulk 1', 'form 1', 'bulk 2', 'bulk 3', 'bulk 4', 'bulk 5']);
    });

    test('a key that comes one at a time has every second turn beside a backlog, not all of them', async () => {
      for (let i = 0; i < 6; i++) await bench.ticket({ fairnessKey: 'bulk' });
      const order: string[] = [];
      for (let i = 0; i < 3; i++) {
        const form = await bench.ticket({ fairnessKey: 'form' });
        order.push(...(await bench.serve(2)).map((one) => (one === form ? 'form' : 'bulk')));
      }
      expect(order.filter((one) => one === 'form')).toHaveLength(3);
    });

    test('a key that was idle joins where its class is, and does not catch up on what it left unused', async () => {
      for (let i = 0; i < 8; i++) await bench.ticket({ fairnessKey: 'early' });
      await bench.serve(6);
      const labels: Record<string, string> = {};
      for (let i = 0; i < 4; i++) labels[await bench.ticket({ fairnessKey: 'late' })] = 'late';
      const order = (await bench.serve(4)).map((ticket) => labels[ticket] ?? 'early');
      expect(order).toEqual(['early', 'late', 'early', 'late']);
    });

    test('a key whose jobs cost three times as much has a third of the turns', async () => {
      const labels: Record<string, string> = {};
      for (let i = 0; i < 6; i++) labels[await bench.ticket({ fairnessKey: 'dear', cost: 3 })] = 'dear';
      for (let i = 0; i < 6; i++) labels[await bench.ticket({ fairnessKey: 'cheap' })] = 'cheap';
      const order = names(await bench.serve(8), labels);
      expect(order.filter((label) => label === 'dear')).toHaveLength(2);
    });

    test('what was cancelled costs its key no turn', async () => {
      const cancelled: string[] = [];
      for (let i = 0; i < 10; i++) cancelled.push(await bench.ticket({ fairnessKey: 'a' }));
      for (let i = 0; i < 3; i++) await bench.ticket({ fairnessKey: 'b' });
      for (const ticket of cancelled) await bench.command(cancelJob(ticket), T0);
      const again = await bench.ticket({ fairnessKey: 'a' });
      expect(await bench.serve(2)).toContain(again);
    });

    test('the memory of a key ends with its last job', async () => {
      await bench.ticket({ fairnessKey: 'a' });
      await bench.serve(1);
      const flows = await bench.database.run(
        { tables: ['flows'], mode: 'readonly', durability: 'relaxed' },
        (tx) => tx.all('flows', { from: ['orders'], to: ['orders', 9, '\uffff'] }),
      );
      expect(flows).toEqual([]);
    });
  });

  describe(`${name}: an ordering key`, () => {
    const chained = { orderingKey: 'a' };

    beforeEach(() => {
      bench.policy = { ...bench.policy, concurrency: 9 };
    });

    test('a job that is held and released stays behind the one before it', async () => {
      const first = await bench.ticket(chained);
      const second = await bench.ticket(chained);
      await bench.command(holdJob(second), T0);
      await bench.command(releaseJob(second), T0);
      expect((await bench.turn(T0)).claims.map(({ job }) => job.ticket)).toEqual([first]);
    });

    test('a job that is redriven goes behind the live ones of its key', async () => {
      const dead = await bench.ticket(chained);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      const live = await bench.ticket(chained);
      await bench.command(redriveJob(dead), T0);
      expect((await bench.turn(T0)).claims.map(({ job }) => job.ticket)).toEqual([live]);
    });
  });

  describe(`${name}: cost`, () => {
    test('what costs more takes more of the window, and never more than all of it', async () => {
      bench.policy = { ...bench.policy, concurrency: 9, rate: { limit: 10, perMs: 1000, burst: 10 } };
      for (const cost of [6, 3, 2, 25]) await bench.ticket({ cost });
      const first = await bench.turn(T0);
      expect(first.claims.map(({ job }) => job.cost)).toEqual([6, 3]);
      expect(first.nextAt).toBe(T0 + 1050);
      const second = await bench.turn(T0 + 1050, { held: 2 });
      expect(second.claims.map(({ job }) => job.cost)).toEqual([2]);
      expect(second.nextAt).toBe(T0 + 2100);
      expect((await bench.turn(T0 + 2100, { held: 3 })).claims.map(({ job }) => job.cost)).toEqual([25]);
    });

    test('no window ever holds more than the limit, whatever the costs', async () => {
      const limit = 7;
      bench.policy = { ...bench.policy, concurrency: 99, rate: { limit, perMs: 1000, burst: limit } };
      for (let i = 0; i < 30; i++) await bench.ticket({ cost: 1 + ((i * 5) % 9) });
      const sends: { at: number; units: number }[] = [];
      for (let now = T0; now < T0 + 30_000; now += 90) {
        const { claims } = await bench.turn(now, { held: 99 });
        sends.push(...claims.map(({ sendAt, job }) => ({ at: sendAt, units: Math.min(job.cost, limit) })));
      }
      expect(sends).toHaveLength(30);
      for (const { at } of sends) {
        const inWindow = sends.filter((send) => send.at >= at && send.at < at + 1000);
        expect(inWindow.reduce((sum, { units }) => sum + units, 0)).toBeLessThanOrEqual(limit);
      }
    });

    test('a costly send that never left is given back whole', async () => {
      bench.policy = { ...bench.policy, rate: { limit: 5, perMs: 60_000, burst: 5 } };
      await bench.ticket({ cost: 5 });
      const { claims } = await bench.turn(T0);
      const again = await bench.settle(T0 + 80, claims, { kind: 'unsent', why: 'late' });
      expect(again.claims).toMatchObject([{ n: 4, sendAt: T0 + 80 }]);
    });
  });

  describe(`${name}: a limit of a destination`, () => {
    const origin = 'https://example.test';
    const limits = { [origin]: { limit: 3, perMs: 1000, burst: 3 } };

    test('is shared by all queues that send there, and by nothing that does not', async () => {
      bench.policy = { ...bench.policy, concurrency: 9, limits };
      for (let i = 0; i < 4; i++) {
        await bench.ticket({}, { queue: 'orders' });
        await bench.ticket({}, { queue: 'photos' });
      }
      const { request } = draft({ owner: 1 });
      await bench.ticket({}, { queue: 'elsewhere', request: { ...request, url: 'https://other.test/' } });
      const orders = await bench.turn(T0);
      expect(orders).toMatchObject({ nextAt: T0 + 1050, claims: { length: 3 } });
      expect(await bench.turn(T0, { queue: 'photos' })).toMatchObject({ nextAt: T0 + 1050, claims: [] });
      expect((await bench.turn(T0, { queue: 'elsewhere' })).claims).toHaveLength(1);
      expect((await bench.turn(T0 + 1050, { queue: 'photos' })).claims).toHaveLength(3);
    });

    test('alone says how far apart costly sends are, where the queue has no rate', async () => {
      const points = { [origin]: { limit: 1000, perMs: 1000, burst: 1000 } };
      bench.policy = { ...bench.policy, adaptive: true, concurrency: 9, limits: points };
      for (let i = 0; i < 4; i++) await bench.ticket({ cost: 200 });
      expect((await bench.turn(T0)).claims).toHaveLength(4);
    });

    test('holds besides the rate of the queue: whichever is slower', async () => {
      const rate = { limit: 2, perMs: 1000, burst: 2 };
      bench.policy = { ...bench.policy, concurrency: 9, rate, limits };
      for (let i = 0; i < 4; i++) await bench.ticket();
      expect((await bench.turn(T0)).claims).toHaveLength(2);
    });

    test('is given back with a send that never left', async () => {
      bench.policy = { ...bench.policy, limits: { [origin]: { limit: 1, perMs: 60_000, burst: 1 } } };
      await bench.ticket();
      const { claims } = await bench.turn(T0);
      expect(claims[0]?.latestAt).toBe(T0 + 50);
      const again = await bench.settle(T0 + 80, claims, { kind: 'unsent', why: 'late' });
      expect(again.claims).toHaveLength(1);
    });

    test('is not taken for that of another clock where an engine charges far ahead', async () => {
      bench.policy = { ...bench.policy, limits };
      await bench.ticket({}, { queue: 'orders' });
      await bench.ticket({}, { queue: 'photos' });
      expect(await bench.turn(T0, { leadMs: 5000 })).toMatchObject({ claims: [{ sendAt: T0 + 5000 }] });
      const photos = await bench.turn(T0, { queue: 'photos', leadMs: 5000 });
      expect(photos).toMatchObject({ claims: [{ sendAt: T0 + 5000 }] });
    });

    test('outlasts a clock that went back: the window is full now, no longer', async () => {
      bench.policy = { ...bench.policy, limits };
      await bench.ticket();
      await bench.settle(T0 + 86_400_000, (await bench.turn(T0 + 86_400_000)).claims);
      await bench.ticket();
      expect(await bench.turn(T0)).toMatchObject({ claims: [], nextAt: T0 + 1050 });
      expect((await bench.turn(T0 + 1050)).claims).toHaveLength(1);
    });

    test('outlasts a clock that went ahead: the window is full now, at each look', async () => {
      bench.policy = { ...bench.policy, limits };
      for (let i = 0; i < 4; i++) await bench.ticket();
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(200), { maxClaims: 0 });
      const later = T0 + 3_600_000;
      expect(await bench.turn(later, { clockJumped: true })).toMatchObject({ claims: [] });
      expect(await bench.turn(later + 200)).toMatchObject({ claims: [], nextAt: later + 1050 });
    });
  });
}
