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
