import { beforeEach, describe, expect, test } from 'vitest';
import type { AttemptEnd } from '../core/attempt.js';
import type { Coalesced } from '../core/job.js';
import { clearQueue } from './clear.js';
import { commandQueues } from './control.js';
import { cancelJob, withdrawJob } from './job-commands.js';
import { listJobs, readJob } from './query.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { StoreBench, answered, bytes, T0 } from './store.kit.js';

/** Failures after which the service may have done what it was asked. */
const DOUBTFUL = [500, 502, 504, 200, 520].map((status) => judged(answered(status)));

function judged(end: AttemptEnd): AttemptEnd {
  return { ...end, judged: { word: 'nack', detail: 'it is none' } } as AttemptEnd;
}

/** The same thing twice: one stands for both, takes the place of the other, or becomes one with it. */
export function testTwins(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open());
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

    test('what more than one call has submitted is taken back by none, and cancelled by its ticket alone', async () => {
      const first = await bench.ticket(same);
      await bench.ticket(same);
      await expect(bench.command(withdrawJob(first), T0)).rejects.toMatchObject({ code: 'state-conflict' });
      expect(await bench.command(cancelJob(first), T0)).toMatchObject({ answer: 'cancelled' });
      const alone = await bench.ticket(same);
      expect(await bench.command(withdrawJob(alone), T0)).toMatchObject({ answer: 'cancelled' });
    });

    test('it is told as an event, and other keys and other queues are none of it', async () => {
      const first = await bench.ticket(same);
      const answer = await bench.enqueue({ options: same });
      expect(answer).toMatchObject({ events: [{ type: 'deduplicated', ticket: first }] });
      expect(await bench.ticket({ dedupeKey: 'order-8' })).not.toBe(first);
      expect(await bench.ticket(same, { queue: 'others' })).not.toBe(first);
    });

    test('is remembered for its window, and then swept', async () => {
      bench.policy = { ...bench.policy, dedupeWindowMs: 1000, ttlMs: 500 };
      const first = await bench.ticket(same);
      expect(await bench.ticket(same, {}, T0 + 999)).toBe(first);
      await bench.store.sweep({ queue: 'orders', after: 0 }, T0 + 1000);
      expect(await bench.ticket(same, {}, T0 + 1000)).not.toBe(first);
    });

    test('stands for nothing once its window is over, swept or not', async () => {
      bench.policy = { ...bench.policy, dedupeWindowMs: 1000, ttlMs: 500 };
      const first = await bench.ticket(same);
      expect(await bench.ticket(same, {}, T0 + 1000)).not.toBe(first);
    });

    test('is remembered for as long as its job may wait', async () => {
      bench.policy = { ...bench.policy, dedupeWindowMs: 1000, ttlMs: 1000 };
      const [dueAt, expiresAt] = [T0 + 5000, T0 + 6000];
      const first = await bench.ticket({ ...same, notBefore: dueAt });
      await bench.store.sweep({ queue: 'orders', after: 0 }, expiresAt - 1);
      expect(await bench.ticket(same, {}, expiresAt - 1)).toBe(first);
    });

    test('what was not delivered may be submitted again: cancelled or dead', async () => {
      const first = await bench.ticket(same);
      await bench.command(cancelJob(first), T0);
      const second = await bench.ticket(same);
      expect(second).not.toBe(first);
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(422));
      const third = await bench.ticket(same);
      expect(third).not.toBe(second);
      await expect(bench.command(redriveJob(second), T0)).rejects.toMatchObject({ code: 'state-conflict' });
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

    test('never touches one that the service may have done as it failed, whatever the queue makes of it', async () => {
      for (const [i, end] of [...DOUBTFUL, { kind: 'timeout' as const }].entries()) {
        const own = { dedupeKey: `doubtful ${i}` };
        const first = await bench.ticket(own, replace('1'));
        await bench.settle(T0, (await bench.turn(T0)).claims, end, { maxClaims: 0 });
        await bench.ticket(own, replace('2'));
        expect(await readJob(bench.database, first)).toMatchObject({ state: 'waiting' });
        await clearQueue(bench.database, 'orders', T0);
      }
    });

    test('takes the place of one that the service has turned away unread', async () => {
      for (const status of [408, 425, 429, 503]) {
        const own = { dedupeKey: `turned away ${status}` };
        const first = await bench.ticket(own, replace('1'));
        await bench.settle(T0, (await bench.turn(T0)).claims, answered(status), { maxClaims: 0 });
        await bench.ticket(own, replace('2'));
        expect(await readJob(bench.database, first)).toMatchObject({ reason: 'replaced' });
        await clearQueue(bench.database, 'orders', T0);
        await commandQueues(bench.database, 'orders', { kind: 'nudge' }, T0);
      }
    });

    test('a request that was tried first is a job of its own: it may have arrived under its key', async () => {
      const older = await bench.ticket(options, replace('1'));
      const pass = { queue: 'orders', id: 'p' };
      const tried = { pass, end: answered(500), sentAt: T0, endedAt: T0, credentials: 0, chance: () => 0.5 };
      const newer = await bench.ticket(options, { ...replace('2'), firstTry: tried });
      expect(await readJob(bench.database, older)).toMatchObject({ state: 'waiting' });
      expect(await readJob(bench.database, newer)).toMatchObject({ state: 'waiting', attempts: 1 });
    });

    test('within an ordering key it keeps the place of the one it replaces', async () => {
      const key = { orderingKey: 'k' };
      const head = await bench.ticket(key);
      await bench.ticket({ ...key, ...options }, replace('1'));
      const tail = await bench.ticket(key);
      const newer = await bench.ticket({ ...key, ...options }, replace('2'));
      expect(await bench.serve(3)).toEqual([head, newer, tail]);
    });

    test('what another call has been merged into is not taken back, and what has only taken its place is', async () => {
      await bench.ticket(options, replace('1'));
      const newer = await bench.ticket(options, replace('2'));
      await bench.command(withdrawJob(newer), T0);
      await bench.ticket(options, replace('3'));
      const merge = { coalesce: (): Coalesced => ({ kind: 'merged', body: bytes('3+4') }) };
      const merged = await bench.ticket(options, merge);
      await expect(bench.command(withdrawJob(merged), T0)).rejects.toMatchObject({ code: 'state-conflict' });
    });

    test('a merge is given a body that stands in a row of its own', async () => {
      await bench.ticket(options, { body: bytes('1'.repeat(5000)) });
      const newer = await bench.ticket(options, {
        coalesce: ({ body }) => ({ kind: 'merged', body: bytes(`${body?.byteLength}`) }),
      });
      expect(await bodyOf(newer)).toBe('5000');
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
