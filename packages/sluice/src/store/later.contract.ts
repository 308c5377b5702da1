import { beforeEach, describe, expect, test } from 'vitest';
import type { AttemptEnd } from '../core/attempt.js';
import { clearQueue } from './clear.js';
import { cancelJob, editJob, holdJob, releaseJob } from './job-commands.js';
import { readJob } from './query.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { StoreBench, answered, bytes, draft, T0 } from './store.kit.js';

/** Jobs that wait: for an instant, for somebody, or changed while they do. */
export function testLater(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open());
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

    test('of more than can be sent at once, those that have become too old hold up none', async () => {
      await bench.ticket({ notBefore: T0 + 5000, ttlMs: 1 });
      await bench.ticket({ notBefore: T0 + 5000 });
      expect(await bench.turn(T0 + 60_000)).toMatchObject({ claims: [], nextAt: T0 + 60_000 });
      expect((await bench.turn(T0 + 60_000)).claims).toHaveLength(1);
    });

    test('nor do they where others are due much later', async () => {
      await bench.ticket({ notBefore: T0 + 5000, ttlMs: 1 });
      const due = await bench.ticket({ notBefore: T0 + 5000 });
      await bench.ticket({ notBefore: T0 + 86_400_000 });
      expect(await bench.turn(T0 + 60_000)).toMatchObject({ claims: [], nextAt: T0 + 60_000 });
      expect((await bench.turn(T0 + 60_000)).claims.map(({ job }) => job.ticket)).toEqual([due]);
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
      await bench.command(releaseJob(held), T0);
      const last = await bench.ticket();
      expect(await bench.serve(2)).toEqual([held, last]);
    });

    test('a waiting job can be held, a leased or a dead one cannot', async () => {
      const [ticket, waiting] = [await bench.ticket(), await bench.ticket()];
      const { claims } = await bench.turn(T0);
      await expect(bench.command(holdJob(ticket), T0)).rejects.toMatchObject({ code: 'state-conflict' });
      await bench.command(holdJob(waiting), T0);
      await expect(bench.command(releaseJob(ticket), T0)).rejects.toMatchObject({ code: 'state-conflict' });
      expect((await bench.settle(T0, claims)).claims).toEqual([]);
      expect((await bench.row()).counts).toMatchObject({ waiting: 1, done: 1 });
    });

    test('what is behind it in its ordering key waits, and goes on in order', async () => {
      const [a, b, c] = [
        await bench.ticket({ orderingKey: 'k' }),
        await bench.ticket({ orderingKey: 'k' }),
        await bench.ticket({ orderingKey: 'k' }),
      ];
      await bench.command(holdJob(b), T0);
      expect(await bench.serve(3)).toEqual([a]);
      await bench.command(releaseJob(b), T0);
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
      await bench.command(redriveJob(first), T0);
      await bench.command(cancelJob(third), T0);
      expect((await bench.turn(T0, { held: 1 })).claims).toEqual([]);
      expect(claims[0]?.job.ticket).toBe(second);
      expect((await bench.settle(T0, claims)).claims[0]?.job.ticket).toBe(first);
    });
  });

  describe(`${name}: edit`, () => {
    const { request } = draft({ owner: 1 });
    const change = { request, body: bytes('new'), idempotencyKey: 'another', previousKey: 'key' };
    const keyed = { idempotencyKey: 'key' };

    test('changes what waits or is dead, in its place, under another key', async () => {
      const ticket = await bench.ticket({}, { ...keyed, body: bytes('the old one') });
      const later = await bench.ticket();
      await bench.command(editJob(ticket, change), T0);
      const { claims } = await bench.turn(T0);
      const job = claims[0]?.job;
      expect(job).toMatchObject({ ticket, idempotencyKey: 'another', bodyBytes: 3 });
      expect(new TextDecoder().decode(job && (await bench.store.body(job)))).toBe('new');
      await bench.settle(T0, claims, answered(422), { maxClaims: 0 });
      const emptied = { ...change, body: new ArrayBuffer(0), previousKey: 'another' };
      await bench.command(editJob(ticket, emptied), T0);
      await bench.command(redriveJob(ticket), T0);
      expect(await bench.serve(2)).toEqual([ticket, later]);
      expect(await bench.row()).toMatchObject({ bytes: 0 });
    });

    test('of two edits of the same thing the later one is refused', async () => {
      const ticket = await bench.ticket({}, keyed);
      await bench.command(editJob(ticket, change), T0);
      const refused = { code: 'state-conflict', value: ticket };
      await expect(bench.command(editJob(ticket, change), T0)).rejects.toMatchObject(refused);
    });

    test('leaves alone what is being sent, or may have been done as it is', async () => {
      const ticket = await bench.ticket({}, keyed);
      const { claims } = await bench.turn(T0);
      const refused = { code: 'state-conflict', value: ticket };
      await expect(bench.command(editJob(ticket, change), T0)).rejects.toMatchObject(refused);
      await bench.settle(T0, claims, { kind: 'timeout' }, { maxClaims: 0 });
      await expect(bench.command(editJob(ticket, change), T0)).rejects.toMatchObject(refused);
    });

    test('leaves alone what the service failed at, or is still at, waiting or dead', async () => {
      bench.policy = { ...bench.policy, maxAttempts: 2 };
      const running = { ...answered(409), keyOutstanding: true } as AttemptEnd;
      for (const end of [answered(500), answered(502), answered(504), running]) {
        const ticket = await bench.ticket({}, keyed);
        const refused = { code: 'state-conflict', value: ticket };
        await bench.settle(T0, (await bench.turn(T0)).claims, end, { maxClaims: 0 });
        await expect(bench.command(editJob(ticket, change), T0)).rejects.toMatchObject(refused);
        const later = T0 + 600_000;
        await bench.settle(later, (await bench.turn(later)).claims, answered(422), { maxClaims: 0 });
        expect(await readJob(bench.database, ticket)).toMatchObject({ state: 'dead' });
        await expect(bench.command(editJob(ticket, change), later)).rejects.toMatchObject(refused);
      }
    });

    test('changes what the service has declined, also by the word of the queue', async () => {
      const declined = { ...answered(200), judged: { word: 'dead', detail: 'errors' } } as AttemptEnd;
      for (const end of [answered(422), declined, answered(503)]) {
        const ticket = await bench.ticket({}, keyed);
        await bench.settle(T0, (await bench.turn(T0)).claims, end, { maxClaims: 0 });
        await bench.command(editJob(ticket, change), T0);
        await clearQueue(bench.database, 'orders', T0);
      }
    });

    test('leaves alone one whose engines were lost with it', async () => {
      bench.policy = { ...bench.policy, maxOrphans: 0 };
      const ticket = await bench.ticket({}, keyed);
      await bench.turn(T0);
      await bench.turn(T0, { engine: 'e2', recover: true, maxClaims: 0 });
      expect(await readJob(bench.database, ticket)).toMatchObject({ reason: 'orphaned' });
      const refused = { code: 'state-conflict', value: ticket };
      await expect(bench.command(editJob(ticket, change), T0)).rejects.toMatchObject(refused);
    });
  });
}
