import { beforeEach, describe, expect, test } from 'vitest';
import { cancelJob } from './job-commands.js';
import { readJob } from './query.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { answered, bytes, StoreBench, T0 } from './store.kit.js';

/** A job that comes after another, and takes its answer in. */
export function testDependents(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open(), {
      rewrite: (stored, prior) => ({
        request: { ...stored.request, url: `${stored.request.url}/${text(prior.body)}` },
        body: bytes(`${text(stored.body)} of ${text(prior.body)}`),
      }),
      batches: false,
    });
  });
  const created = answered(201, { body: bytes('42') });

  describe(`${name}: after`, () => {
    test('a job waits for the one it comes after, and is stored rewritten with its answer', async () => {
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first }, { body: bytes('photo') });
      expect(await readJob(bench.database, second)).toMatchObject({
        state: 'waiting',
        parked: 'after',
        after: first,
      });
      const { claims } = await bench.turn(T0);
      expect(claims.map(({ job }) => job.ticket)).toEqual([first]);
      const { claims: next, events } = await bench.settle(T0, claims, created);
      expect(events).toContainEqual({ type: 'released', queue: 'orders', ticket: second });
      expect(next[0]?.job).toMatchObject({
        ticket: second,
        request: { url: expect.stringMatching(/\/42$/) },
        bodyBytes: 11,
      });
      expect(text(next[0] && (await bench.store.body(next[0].job)))).toBe('photo of 42');
      expect(await bench.row()).toMatchObject({ parked: 0 });
    });

    test('also where its body stands in a row of its own', async () => {
      const photo = 'x'.repeat(5000);
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first }, { body: bytes(photo) });
      const { claims } = await bench.settle(T0, (await bench.turn(T0)).claims, created);
      expect(claims.map(({ job }) => job.ticket)).toEqual([second]);
      expect(text(claims[0] && (await bench.store.body(claims[0].job)))).toBe(`${photo} of 42`);
    });

    test('also where the first was done before it came', async () => {
      const first = await bench.ticket();
      await bench.settle(T0, (await bench.turn(T0)).claims, created);
      const second = await bench.ticket({ after: first }, { body: bytes('photo') });
      expect(await readJob(bench.database, second)).toMatchObject({ url: expect.stringMatching(/\/42$/) });
      expect(await bench.serve(1)).toEqual([second]);
    });

    test('a chain of three goes link by link', async () => {
      const a = await bench.ticket();
      const b = await bench.ticket({ after: a });
      const c = await bench.ticket({ after: b });
      expect(await bench.serve(3)).toEqual([a, b, c]);
    });

    test('a dead one holds it back, and releases it once redriven and done', async () => {
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first });
      const rest = await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      expect(rest.claims).toEqual([]);
      await bench.command(redriveJob(first), T0);
      expect(await bench.serve(2)).toEqual([first, second]);
    });

    test('a cancelled one takes it along to the dead letters, from where it is not redriven', async () => {
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first });
      await bench.command(cancelJob(first), T0);
      expect(await readJob(bench.database, second)).toMatchObject({ state: 'dead', reason: 'after' });
      await expect(bench.command(redriveJob(second), T0)).rejects.toMatchObject({ code: 'state-conflict' });
      expect((await bench.row()).counts).toMatchObject({
        waiting: 0,
        cancelled: { user: 1 },
        dead: { after: 1 },
      });
    });

    test('what cannot come after is refused, and nothing is stored', async () => {
      const first = await bench.ticket();
      await bench.command(cancelJob(first), T0);
      for (const after of [first, 'orders.99.x', 'others.1.x', 'no ticket']) {
        const answer = await bench.enqueue({ options: { after } });
        expect(answer).toMatchObject({ kind: 'refused', code: 'state-conflict' });
      }
      expect((await bench.row()).counts).toMatchObject({ accepted: 1 });
    });

    test('what it comes after is not shed to make room for it', async () => {
      bench.policy = { ...bench.policy, maxJobs: 1, whenFull: 'drop-oldest' };
      const first = await bench.ticket();
      expect(await bench.enqueue({ options: { after: first } })).toMatchObject({ kind: 'full' });
      expect(await readJob(bench.database, first)).toMatchObject({ state: 'waiting' });
    });

    test('what waits for a job that is gone is a dead letter as soon as an engine begins', async () => {
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first });
      await bench.database.run(
        { tables: ['jobs', 'queues'], mode: 'readwrite', durability: 'relaxed' },
        async (tx) => tx.delete('jobs', ['orders', 1]),
      );
      await bench.turn(T0, { recover: true });
      expect(await readJob(bench.database, second)).toMatchObject({ state: 'dead', reason: 'after' });
    });

    test('an engine that does not know the rules leaves it parked, and one that does catches up', async () => {
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first });
      const knowing = bench;
      const unknowing = new StoreBench(bench.database, 'unknown');
      await unknowing.settle(T0, (await unknowing.turn(T0)).claims, created);
      expect(await readJob(bench.database, second)).toMatchObject({ parked: 'after' });
      const { claims } = await knowing.turn(T0, { engine: 'e2', recover: true });
      expect(claims[0]?.job).toMatchObject({
        ticket: second,
        request: { url: expect.stringMatching(/\/42$/) },
      });
    });
  });

  describe(`${name}: after, of many`, () => {
    const MANY = 130;
    const turns = async (): Promise<number> => {
      for (let i = 1; ; i++) {
        const { nextAt } = await bench.turn(T0, { maxClaims: 0 });
        if (nextAt !== T0) return i;
      }
    };

    test('are let go some fifty a turn, and a turn that is lost loses none', async () => {
      const first = await bench.ticket();
      await bench.tickets(MANY, { options: { after: first } });
      const { claims } = await bench.turn(T0);
      const report = await bench.settle(T0, claims, created, { maxClaims: 0 });
      expect((await bench.row()).parked).toBe(MANY - 50);
      expect(report.nextAt).toBe(T0);
      // What is left is found by whoever comes next.
      expect(await turns()).toBeLessThanOrEqual(4);
      expect(await bench.row()).toMatchObject({ parked: 0, counts: { waiting: MANY } });
    });

    test('are buried some fifty at a time where it is cancelled', async () => {
      const first = await bench.ticket();
      await bench.tickets(MANY, { options: { after: first } });
      await bench.command(cancelJob(first), T0);
      expect((await bench.row()).counts.dead).toEqual({ after: 50 });
      await turns();
      expect(await bench.row()).toMatchObject({ parked: 0, counts: { waiting: 0, dead: { after: MANY } } });
    });

    test('and where others wait for jobs that live, each is passed once', async () => {
      const first = await bench.ticket();
      await bench.tickets(MANY, { options: { after: first } });
      await bench.turn(T0, { recover: true, maxClaims: 0 });
      expect(await turns()).toBeLessThanOrEqual(3);
      expect(await bench.row()).toMatchObject({ parked: MANY });
    });

    test('are not handed over to a newer one of its dedupe key: the two are two jobs', async () => {
      const coalesce = () => ({ kind: 'replaced', body: undefined }) as const;
      const first = await bench.ticket({ dedupeKey: 'k' });
      await bench.tickets(MANY, { options: { after: first } });
      await bench.ticket({ dedupeKey: 'k' }, { coalesce });
      expect((await bench.row()).counts).toMatchObject({ waiting: MANY + 2, cancelled: {} });
    });

    test('that were missed while an engine ran are found by its sweep', async () => {
      const first = await bench.ticket();
      const second = await bench.ticket({ after: first });
      const unknowing = new StoreBench(bench.database, 'unknown');
      await unknowing.settle(T0, (await unknowing.turn(T0)).claims, created);
      expect(await readJob(bench.database, second)).toMatchObject({ parked: 'after' });
      await bench.store.sweep({ queue: 'orders', after: 0 }, T0);
      expect((await bench.turn(T0)).claims.map(({ job }) => job.ticket)).toEqual([second]);
    });
  });

  describe(`${name}: after, with a rewrite that throws`, () => {
    test('ends as a dead letter that says so, and the first is done all the same', async () => {
      const rewrite = (): never => {
        throw new Error('no id');
      };
      const throwing = new StoreBench(bench.database, { rewrite, batches: false });
      const first = await throwing.ticket();
      const second = await throwing.ticket({ after: first });
      await throwing.settle(T0, (await throwing.turn(T0)).claims, created);
      expect(await readJob(bench.database, first)).toMatchObject({ state: 'done' });
      expect(await readJob(bench.database, second)).toMatchObject({
        state: 'dead',
        reason: 'after',
        detail: expect.stringMatching(/no id/),
      });
    });
  });
}

function text(body: ArrayBuffer | undefined): string {
  return new TextDecoder().decode(body ?? new ArrayBuffer(0));
}
