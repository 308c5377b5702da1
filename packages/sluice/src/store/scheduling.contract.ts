import { beforeEach, describe, expect, test } from 'vitest';
import type { Coalesced } from '../core/job.js';
import { cancelJob, editJob, holdJob, redriveJob, releaseJob } from './control.js';
import { listJobs, readJob } from './query.js';
import type { Database } from './rows.js';
import { answered, bytes, draft, StoreBench, T0 } from './store.kit.js';
import { sweep } from './sweep.js';

/** In which order a queue serves what it holds, on every place for the queue. */
export function testScheduling(name: string, open: () => Database): void {
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

    test('what was cancelled costs its key no turn', async () => {
      const cancelled: string[] = [];
      for (let i = 0; i < 10; i++) cancelled.push(await bench.ticket({ fairnessKey: 'a' }));
      for (let i = 0; i < 3; i++) await bench.ticket({ fairnessKey: 'b' });
      for (const ticket of cancelled) await cancelJob(bench.database, ticket, T0);
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
      const { request } = draft({});
      await bench.ticket({}, { queue: 'elsewhere', request: { ...request, url: 'https://other.test/' } });
      const orders = await bench.turn(T0);
      expect(orders).toMatchObject({ nextAt: T0 + 1050, claims: { length: 3 } });
      expect(await bench.turn(T0, { queue: 'photos' })).toMatchObject({ nextAt: T0 + 1050, claims: [] });
      expect((await bench.turn(T0, { queue: 'elsewhere' })).claims).toHaveLength(1);
      expect((await bench.turn(T0 + 1050, { queue: 'photos' })).claims).toHaveLength(3);
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
    });
  });

  describe(`${name}: later`, () => {
    test('a job is not sent before its instant, and then takes the place that it has kept', async () => {
      const later = await bench.ticket({ notBefore: T0 + 5000 });
      const now = await bench.ticket();
      expect(await readJob(bench.database, later)).toMatchObject({ state: 'waiting', dueAt: T0 + 5000 });
      expect(await bench.serve(2)).toEqual([now]);
      expect((await bench.turn(T0)).nextAt).toBe(T0 + 5000);
      expect(await bench.serve(1, T0 + 5000)).toEqual([later]);
    });

    test('its time to live begins when it may be sent', async () => {
      await bench.ticket({ notBefore: T0 + 5000, ttlMs: 1000 });
      expect((await bench.turn(T0 + 5500)).claims).toHaveLength(1);
    });

    test('within an ordering key it holds back what came after it', async () => {
      const first = await bench.ticket({ orderingKey: 'k', notBefore: T0 + 5000 });
      const second = await bench.ticket({ orderingKey: 'k' });
      expect(await bench.serve(2)).toEqual([]);
      expect(await bench.serve(2, T0 + 5000)).toEqual([first, second]);
    });
  });

  describe(`${name}: held`, () => {
    test('a held job keeps its place until it is released', async () => {
      const held = await bench.ticket({ held: true });
      const other = await bench.ticket();
      expect(await readJob(bench.database, held)).toMatchObject({ state: 'waiting', parked: 'held' });
      expect(await bench.serve(1)).toEqual([other]);
      await releaseJob(bench.database, held, T0);
      const last = await bench.ticket();
      expect(await bench.serve(2)).toEqual([held, last]);
    });

    test('a waiting job can be held, a leased or a dead one cannot', async () => {
      const [ticket, waiting] = [await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      await expect(holdJob(bench.database, ticket, T0)).rejects.toMatchObject({ code: 'state-conflict' });
      await holdJob(bench.database, waiting, T0);
      await expect(releaseJob(bench.database, ticket, T0)).rejects.toMatchObject({ code: 'state-conflict' });
      expect((await bench.settle(T0, claims)).claims).toEqual([]);
      expect((await bench.row()).counts).toMatchObject({ waiting: 1, done: 1 });
    });

    test('what is behind it in its ordering key waits, and goes on in order', async () => {
      const [a, b, c] = [
        await bench.ticket({ orderingKey: 'k' }),
        await bench.ticket({ orderingKey: 'k' }),
        await bench.ticket({ orderingKey: 'k' }),
      ];
      await holdJob(bench.database, b, T0);
      expect(await bench.serve(3)).toEqual([a]);
      await releaseJob(bench.database, b, T0);
      expect(await bench.serve(3)).toEqual([b, c]);
    });

    test('it dies of age like any other, though nobody claims it', async () => {
      const held = await bench.ticket({ held: true, ttlMs: 1000 });
      await bench.turn(T0 + 1000);
      expect(await readJob(bench.database, held)).toMatchObject({ state: 'dead', reason: 'expired' });
      expect(await bench.row()).toMatchObject({ parked: 0, counts: { waiting: 0, dead: { expired: 1 } } });
    });

    test('a redriven job that stands behind its key is not let past the one under way', async () => {
      const [first, second, third] = [
        await bench.ticket({ orderingKey: 'k' }),
        await bench.ticket({ orderingKey: 'k' }),
        await bench.ticket({ orderingKey: 'k' }),
      ];
      const { claims } = await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      await redriveJob(bench.database, first, T0);
      await cancelJob(bench.database, third, T0);
      expect((await bench.turn(T0, { held: 1 })).claims).toEqual([]);
      expect(claims[0]?.job.ticket).toBe(second);
      expect((await bench.settle(T0, claims)).claims[0]?.job.ticket).toBe(first);
    });
  });

  describe(`${name}: edit`, () => {
    const { request } = draft({});
    const change = { request, body: bytes('new'), idempotencyKey: 'another', previousKey: 'key' };
    const keyed = { idempotencyKey: 'key' };

    test('changes what waits or is dead, in its place, under another key', async () => {
      const ticket = await bench.ticket({}, { ...keyed, body: bytes('the old one') });
      const later = await bench.ticket();
      await editJob(bench.database, ticket, change, T0);
      const { claims } = await bench.turn(T0);
      const job = claims[0]?.job;
      expect(job).toMatchObject({ ticket, idempotencyKey: 'another', bodyBytes: 3 });
      expect(new TextDecoder().decode(job && (await bench.store.body(job)))).toBe('new');
      await bench.settle(T0, claims, answered(422), { maxClaims: 0 });
      await editJob(
        bench.database,
        ticket,
        { ...change, body: new ArrayBuffer(0), previousKey: 'another' },
        T0,
      );
      await redriveJob(bench.database, ticket, T0);
      expect(await bench.serve(2)).toEqual([ticket, later]);
      expect(await bench.row()).toMatchObject({ bytes: 0 });
    });

    test('of two edits of the same thing the later one is refused', async () => {
      const ticket = await bench.ticket({}, keyed);
      await editJob(bench.database, ticket, change, T0);
      const refused = { code: 'state-conflict', value: ticket };
      await expect(editJob(bench.database, ticket, change, T0)).rejects.toMatchObject(refused);
    });

    test('leaves alone what is being sent, or may have been done as it is', async () => {
      const ticket = await bench.ticket({}, keyed);
      const { claims } = await bench.turn(T0);
      const refused = { code: 'state-conflict', value: ticket };
      await expect(editJob(bench.database, ticket, change, T0)).rejects.toMatchObject(refused);
      await bench.settle(T0, claims, { kind: 'timeout' }, { maxClaims: 0 });
      await expect(editJob(bench.database, ticket, change, T0)).rejects.toMatchObject(refused);
    });
  });

  describe(`${name}: dedupe`, () => {
    const same = { dedupeKey: 'order-7' };

    test('the same thing again gets the ticket of the first: waiting, leased or done', async () => {
      const first = await bench.ticket(same);
      expect(await bench.ticket(same)).toBe(first);
      const { claims } = await bench.turn(T0);
      expect(await bench.ticket(same)).toBe(first);
      await bench.settle(T0, claims);
      expect(await bench.ticket(same)).toBe(first);
      expect((await bench.row()).counts).toMatchObject({ accepted: 1, deduplicated: 3, done: 1 });
    });

    test('it is told as an event, and other keys and other queues are none of it', async () => {
      const first = await bench.ticket(same);
      const answer = await bench.enqueue({ options: same });
      expect(answer).toMatchObject({ events: [{ type: 'deduplicated', ticket: first }] });
      expect(await bench.ticket({ dedupeKey: 'order-8' })).not.toBe(first);
      expect(await bench.ticket(same, { queue: 'others' })).not.toBe(first);
    });

    test('is remembered for its window, and then swept', async () => {
      bench.policy = { ...bench.policy, dedupeWindowMs: 1000 };
      const first = await bench.ticket(same);
      expect(await bench.ticket(same, {}, T0 + 999)).toBe(first);
      await sweep(bench.database, 'orders', T0 + 1000);
      expect(await bench.ticket(same, {}, T0 + 1000)).not.toBe(first);
    });

    test('what was not delivered may be submitted again: cancelled or dead', async () => {
      const first = await bench.ticket(same);
      await cancelJob(bench.database, first, T0);
      const second = await bench.ticket(same);
      expect(second).not.toBe(first);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      const third = await bench.ticket(same);
      expect(third).not.toBe(second);
      await expect(redriveJob(bench.database, second, T0)).rejects.toMatchObject({ code: 'state-conflict' });
    });
  });

  describe(`${name}: coalesce`, () => {
    const options = { dedupeKey: 'profile' };
    const replace = (text: string) => ({
      body: bytes(text),
      coalesce: (): Coalesced => ({ kind: 'replaced', body: bytes(text) }),
    });
    const bodyOf = async (ticket: string): Promise<string> => {
      const { claims } = await bench.turn(T0);
      const claim = claims.find(({ job }) => job.ticket === ticket);
      return new TextDecoder().decode(claim && (await bench.store.body(claim.job)));
    };

    test('a newer one takes the place of one that waits, under a ticket and a key of its own', async () => {
      const older = await bench.ticket(options, replace('1'));
      const other = await bench.ticket();
      const newer = await bench.ticket(options, replace('2'));
      expect(await readJob(bench.database, older)).toMatchObject({ state: 'cancelled', reason: 'replaced' });
      expect(await bodyOf(newer)).toBe('2');
      expect((await bench.row()).counts).toMatchObject({
        accepted: 3,
        waiting: 1,
        cancelled: { replaced: 1 },
      });
      const { jobs } = await listJobs(bench.database, {
        queue: 'orders',
        state: 'waiting',
        after: undefined,
        limit: 9,
      });
      expect(jobs.map(({ ticket }) => ticket)).toEqual([other]);
    });

    test('never touches a leased one: then one is under way and one waits', async () => {
      await bench.ticket(options, replace('1'));
      await bench.turn(T0);
      const second = await bench.ticket(options, replace('2'));
      const third = await bench.ticket(options, replace('3'));
      expect(await readJob(bench.database, second)).toMatchObject({ reason: 'replaced' });
      expect((await bench.row()).counts).toMatchObject({ waiting: 1, leased: 1 });
      expect(await readJob(bench.database, third)).toMatchObject({ state: 'waiting' });
    });

    test('never touches one that may have arrived: its key must go on standing for its body', async () => {
      const first = await bench.ticket(options, replace('1'));
      await bench.settle(T0, (await bench.turn(T0)).claims, { kind: 'timeout' });
      await bench.ticket(options, replace('2'));
      expect(await readJob(bench.database, first)).toMatchObject({ state: 'waiting' });
    });

    test('within an ordering key it keeps the place of the one it replaces', async () => {
      const key = { orderingKey: 'k' };
      const head = await bench.ticket(key);
      await bench.ticket({ ...key, ...options }, replace('1'));
      const tail = await bench.ticket(key);
      const newer = await bench.ticket({ ...key, ...options }, replace('2'));
      expect(await bench.serve(3)).toEqual([head, newer, tail]);
    });

    test('two that undo each other are both dropped, and both were accepted', async () => {
      const like = await bench.ticket(options);
      const unlike = await bench.ticket(options, { coalesce: () => ({ kind: 'undone' }) });
      for (const ticket of [like, unlike])
        expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'cancelled', reason: 'merged' });
      expect(await bench.row()).toMatchObject({
        bytes: 0,
        counts: { accepted: 2, waiting: 0, cancelled: { merged: 2 } },
      });
      expect(await bench.ticket(options)).not.toBe(like);
    });

    test('a merge is given the older body, and one that throws refuses the newer and keeps the older', async () => {
      const older = await bench.ticket(options, { body: bytes('1') });
      const newer = await bench.ticket(options, {
        coalesce: ({ body }) => ({
          kind: 'merged',
          body: bytes(`${new TextDecoder().decode(body)}+2`),
        }),
      });
      expect(await readJob(bench.database, older)).toMatchObject({ reason: 'merged' });
      const answer = await bench.enqueue({
        options,
        coalesce: () => {
          throw new Error('not so');
        },
      });
      expect(answer).toMatchObject({
        kind: 'refused',
        code: 'function-failed',
        detail: expect.stringMatching(/not so/),
      });
      expect(await bodyOf(newer)).toBe('1+2');
    });
  });
}
