import { beforeEach, describe, expect, test } from 'vitest';
import type { Coalesce, JobDraft } from '../core/job.js';
import type { JobOptions } from '../core/job-options.js';
import { holdJob, releaseJob } from './job-commands.js';
import { readJob } from './query.js';
import type { Database } from './rows.js';
import { answered, bytes, StoreBench, T0 } from './store.kit.js';

const text = (body: ArrayBuffer | undefined): string => new TextDecoder().decode(body);

const replace: Coalesce = (_, { body }) => ({ kind: 'replaced', body });
const sum: Coalesce = (previous, next) => ({
  kind: 'merged',
  body: bytes(`${text(previous.body)}+${text(next.body)}`),
});

/** A newer one and an older one of its dedupe key: what was asked of each holds, or they stay two. */
export function testCoalesce(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open(), {
      rewrite: (stored, { status }) => ({ ...stored, body: bytes(`${text(stored.body)} ${status}`) }),
      batches: false,
    });
  });
  const submit = (
    body: string,
    coalesce: Coalesce,
    options: JobOptions = {},
    change: Partial<JobDraft> = {},
  ) => bench.ticket({ dedupeKey: 'k', ...options }, { body: bytes(body), coalesce, ...change });
  const stateOf = (ticket: string) => readJob(bench.database, ticket);
  /** What is sent, in its order. */
  const sent = async (now = T0): Promise<string[]> => {
    const bodies: string[] = [];
    let { claims } = await bench.turn(now);
    while (claims.length > 0) {
      for (const { job } of claims) bodies.push(text(await bench.store.body(job)));
      ({ claims } = await bench.settle(now, claims));
    }
    return bodies;
  };

  describe(`${name}: what is asked of a newer one`, () => {
    test('a newer one that is held is held in the place of the older', async () => {
      await submit('1', replace);
      const newer = await submit('2', replace, { held: true });
      expect(await stateOf(newer)).toMatchObject({ parked: 'held' });
      await bench.ticket({}, { body: bytes('other') });
      await bench.command(releaseJob(newer), T0);
      expect(await sent()).toEqual(['2', 'other']);
    });

    test('a newer one for later is not sent before its instant', async () => {
      await submit('1', replace);
      const newer = await submit('2', replace, { notBefore: T0 + 5000, ttlMs: 1000 });
      expect(await stateOf(newer)).toMatchObject({ dueAt: T0 + 5000 });
      expect(await sent()).toEqual([]);
      expect(await sent(T0 + 5000)).toEqual(['2']);
    });

    test('a newer one that comes after another job stays a job of its own', async () => {
      const prior = await bench.ticket({ priority: -1 }, { body: bytes('prior') });
      await submit('1', replace);
      const newer = await submit('2', replace, { after: prior });
      expect(await stateOf(newer)).toMatchObject({ parked: 'after', after: prior });
      expect(await sent()).toEqual(['1', 'prior', '2 200']);
    });

    test('a newer one that comes after the older itself waits for it', async () => {
      const older = await submit('1', sum);
      const newer = await submit('2', sum, { after: older });
      expect(await stateOf(newer)).toMatchObject({ parked: 'after', after: older });
      expect(await sent()).toEqual(['1', '2 200']);
    });

    test('two that come after the same job become one, which gets its answer', async () => {
      const prior = await bench.ticket({}, { body: bytes('prior') });
      await submit('1', sum, { after: prior });
      await submit('2', sum, { after: prior });
      expect(await sent()).toEqual(['prior', '1+2 200']);
    });

    test('what comes after a job that is done has its answer before it takes the place', async () => {
      const prior = await bench.ticket({}, { body: bytes('prior') });
      await sent();
      await submit('1', sum);
      await submit('2', sum, { after: prior });
      expect(await sent()).toEqual(['1+2 200']);
      await submit('3', replace);
      await submit('4', replace, { after: prior });
      expect(await sent()).toEqual(['4 200']);
    });

    test('a job that comes after the older one comes after the newer one then', async () => {
      const older = await submit('1', replace);
      await bench.ticket({ after: older }, { body: bytes('next') });
      await submit('2', replace);
      expect(await sent()).toEqual(['2', 'next 200']);
    });

    test('one that comes after a job that is not known is refused, and the older stays', async () => {
      const older = await submit('1', replace);
      const draft = { options: { dedupeKey: 'k', after: 'orders.99.n' }, coalesce: replace };
      expect(await bench.enqueue(draft)).toMatchObject({ kind: 'refused', code: 'state-conflict' });
      expect(await stateOf(older)).toMatchObject({ state: 'waiting' });
    });

    test('one that is more urgent takes the place that it would have alone', async () => {
      await bench.ticket({}, { body: bytes('other') });
      await submit('1', replace);
      await submit('2', replace, { priority: 1 });
      expect(await sent()).toEqual(['2', 'other']);
    });

    test('one of another ordering key waits behind that', async () => {
      await submit('1', replace);
      await bench.ticket({ orderingKey: 'o' }, { body: bytes('head') });
      const newer = await submit('2', replace, { orderingKey: 'o' });
      const { claims } = await bench.turn(T0);
      expect(claims.map(({ job }) => text(job.body))).toEqual(['head']);
      expect((await bench.settle(T0, claims)).claims.map(({ job }) => job.ticket)).toEqual([newer]);
    });

    test('one that takes the place of a failed one waits as long as that', async () => {
      await submit('1', replace);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(408), { maxClaims: 0 });
      await submit('2', replace);
      expect(await sent()).toEqual([]);
      expect(await sent(T0 + 600_000)).toEqual(['2']);
    });
  });

  describe(`${name}: what was asked of an older one`, () => {
    test('is gone with it where it is replaced', async () => {
      const older = await submit('1', replace);
      await bench.command(holdJob(older), T0);
      await submit('2', replace);
      expect(await sent()).toEqual(['2']);
      await submit('3', replace, { notBefore: T0 + 5000 });
      await submit('4', replace);
      expect(await sent()).toEqual(['4']);
    });

    test('holds of what it is merged into', async () => {
      const older = await submit('1', sum);
      await bench.command(holdJob(older), T0);
      const held = await submit('2', sum);
      expect(await sent()).toEqual([]);
      await bench.command(releaseJob(held), T0);
      expect(await sent()).toEqual(['1+2']);
      await submit('3', sum, { notBefore: T0 + 5000 });
      await submit('4', sum, { notBefore: T0 + 4000 });
      expect(await sent(T0 + 4000)).toEqual([]);
      expect(await sent(T0 + 5000)).toEqual(['3+4']);
    });

    test('where it waits for another job, what it is merged into does', async () => {
      const prior = await bench.ticket({}, { body: bytes('prior') });
      await submit('1', sum, { after: prior });
      const newer = await submit('2', sum);
      expect(await stateOf(newer)).toMatchObject({ parked: 'after', after: prior });
      expect(await sent()).toEqual(['prior', '1+2 200']);
    });

    test('one that is held and one that comes after another job stay two', async () => {
      const prior = await bench.ticket({}, { body: bytes('prior') });
      await submit('1', sum, { after: prior });
      const newer = await submit('2', sum, { held: true });
      expect(await sent()).toEqual(['prior', '1 200']);
      await bench.command(releaseJob(newer), T0);
      expect(await sent()).toEqual(['2']);
    });
  });

  describe(`${name}: room for a newer one`, () => {
    const large = bytes('x'.repeat(1000));

    test('one that is larger than the room left is refused, and the older stays', async () => {
      bench.policy = { ...bench.policy, maxBytes: 1000 };
      const older = await submit('1', replace);
      expect(
        await bench.enqueue({ options: { dedupeKey: 'k' }, coalesce: replace, body: large }),
      ).toMatchObject({ kind: 'full', limit: 'maxBytes' });
      expect(await stateOf(older)).toMatchObject({ state: 'waiting' });
    });

    test('one that is as large as the older has room in a full queue', async () => {
      await submit('1', replace);
      bench.policy = { ...bench.policy, maxJobs: 1, maxBytes: (await bench.row()).bytes };
      await bench.ticket({}, { queue: 'others' });
      await submit('2', replace);
      expect((await bench.row()).counts).toMatchObject({ waiting: 1, cancelled: { replaced: 1 } });
    });

    test('what makes room for it is never the older one, nor what it comes after', async () => {
      bench.policy = { ...bench.policy, maxBytes: 1600, whenFull: 'drop-oldest' };
      const older = await submit('1', replace);
      const other = await bench.ticket({}, { body: bytes('y'.repeat(900)) });
      const newer = await submit('x'.repeat(1000), replace);
      expect(await stateOf(older)).toMatchObject({ reason: 'replaced' });
      expect(await stateOf(other)).toMatchObject({ reason: 'shed' });
      expect(await stateOf(newer)).toMatchObject({ state: 'waiting' });
    });

    test('a merge that would be larger than one body may be leaves two', async () => {
      bench.policy = { ...bench.policy, maxBodyBytes: 5 };
      await submit('1', sum);
      await submit('2', sum);
      await submit('3', sum);
      expect(await sent()).toEqual(['1+2+3']);
      await submit('123', sum);
      await submit('456', sum);
      expect(await sent()).toEqual(['123', '456']);
    });

    test('the bytes of both count for what they are', async () => {
      await submit('1', replace);
      const { bytes: before } = await bench.row();
      await submit('x'.repeat(11), replace);
      expect((await bench.row()).bytes).toBe(before + 10);
      await sent();
      expect((await bench.row()).bytes).toBe(0);
    });
  });
}
