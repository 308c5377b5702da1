import { beforeEach, describe, expect, test } from 'vitest';
import type { AttemptEnd, Settlement } from '../core/attempt.js';
import { FIRST_OWNER } from '../core/identity.js';
import type { Answer, JobDraft } from '../core/job.js';
import { DEFAULT_POLICY, type QueuePolicy } from '../core/policy.js';
import type { Claim, Store, TurnReport, TurnRequest } from '../core/ports.js';
import { openIdentity } from './identity.js';
import { cancelJob, commandQueues, redriveJob } from './control.js';
import { releaseLeases } from './lease-commands.js';
import { listJobs, readJob } from './query.js';
import { readQueues } from './queues.js';
import type { Database } from './rows.js';
import { createStore } from './store.js';
import { sweep } from './sweep.js';

const T0 = 1_700_000_000_000;
const QUEUE = 'orders';

/** The claims that every place for the queue must make good: run on IndexedDB and on its twin in memory. */
export function testStore(name: string, open: () => Database): void {
  describe(name, () => {
    let database: Database;
    let store: Store;
    let turns = 0;
    let policy: QueuePolicy;

    beforeEach(() => {
      database = open();
      store = createStore(database);
      policy = { ...DEFAULT_POLICY, concurrency: 2 };
    });

    const enqueue = async (count: number, change: Partial<JobDraft> = {}, now = T0) => {
      await openIdentity(database);
      const drafts = Array.from({ length: count }, (_, i) => draft({ ...change, nonce: `n${i}` }));
      return store.enqueue(drafts, { [QUEUE]: policy }, now);
    };
    const tickets = async (count: number, change: Partial<JobDraft> = {}) =>
      (await enqueue(count, change)).map((answer) =>
        answer.kind === 'accepted' ? answer.receipt.ticket : 'refused',
      );
    const turn = async (now: number, change: Partial<TurnRequest> = {}): Promise<TurnReport> => {
      turns += 1;
      const request = { ...TURN, turn: turns, ...change };
      const report = await store.turn(request, { now, chance: () => 0.5 });
      if (!report) throw new Error('no such queue');
      return report;
    };
    const settle = (now: number, claims: Claim[], end: AttemptEnd, change: Partial<TurnRequest> = {}) =>
      turn(now, {
        settlements: claims.map((claim) => settlement(claim, end)),
        held: claims.length,
        ...change,
      });
    const queueRow = async () => {
      const row = (await readQueues(database)).find((one) => one.name === QUEUE);
      if (!row) throw new Error('no such queue');
      return row;
    };
    const sends = () =>
      database.run({ tables: ['sends'], mode: 'readonly', durability: 'relaxed' }, (tx) =>
        tx.all('sends', { from: [QUEUE], to: [QUEUE, Number.POSITIVE_INFINITY] }),
      );
    const seqs = (claims: Claim[]) => claims.map(({ job }) => job.seq);

    test('accepts in order, and tells each its depth', async () => {
      const answers = await enqueue(3);
      expect(answers.map((answer) => answer.kind === 'accepted' && answer.receipt.depth)).toEqual([1, 2, 3]);
      expect((await queueRow()).counts).toMatchObject({ accepted: 3, waiting: 3, leased: 0 });
    });

    test('keeps nothing of a transaction that fails', async () => {
      await expect(
        database.run({ tables: ['meta'], mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
          tx.put('meta', { key: 'database', born: 'never' });
          throw new Error('half way');
        }),
      ).rejects.toThrow('half way');
      const row = await database.run({ tables: ['meta'], mode: 'readonly', durability: 'relaxed' }, (tx) =>
        tx.get('meta', 'database'),
      );
      expect(row).toBeUndefined();
    });

    test('refuses beyond maxJobs, and counts it', async () => {
      policy = { ...policy, maxJobs: 2 };
      const answers = await enqueue(3);
      expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'full']);
      expect(answers[2]).toMatchObject({ limit: 'maxJobs', max: 2 });
      expect((await queueRow()).counts).toMatchObject({ accepted: 2, refused: 1 });
    });

    test('refuses beyond maxBytes, which counts body, URL and headers', async () => {
      policy = { ...policy, maxBytes: 1500 };
      const answers = await enqueue(2, { body: new ArrayBuffer(1000) });
      expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'full']);
      expect(answers[1]).toMatchObject({ limit: 'maxBytes' });
    });

    test('sheds its oldest waiting job where the policy says so', async () => {
      policy = { ...policy, maxJobs: 2, whenFull: 'drop-oldest' };
      const [first] = await tickets(2);
      const [answer] = await enqueue(1);
      expect(answer).toMatchObject({
        kind: 'accepted',
        events: [{ type: 'cancelled', ticket: first, reason: 'shed' }, { type: 'accepted' }],
      });
      expect(await readJob(database, first ?? '')).toMatchObject({ state: 'cancelled', reason: 'shed' });
      expect((await queueRow()).counts).toMatchObject({ accepted: 3, waiting: 2, cancelled: { shed: 1 } });
    });

    test('claims oldest first, up to concurrency, each under a lease of its own', async () => {
      await enqueue(3);
      const { claims, depth } = await turn(T0);
      expect(seqs(claims)).toEqual([1, 2]);
      expect(new Set(claims.map(({ leaseId }) => leaseId)).size).toBe(2);
      expect(depth).toBe(3);
      expect((await turn(T0, { held: 2 })).claims).toEqual([]);
    });

    test('charges each claim to the pace: never more than limit in a window, whoever asks', async () => {
      policy = { ...policy, concurrency: 100, rate: { limit: 3, perMs: 1000, burst: 3 } };
      await enqueue(20);
      const sentAt: number[] = [];
      for (let now = T0; now < T0 + 4000; now += 50) {
        const { claims } = await turn(now, { engine: `engine-${now % 3}`, recover: false });
        sentAt.push(...claims.map(({ sendAt }) => sendAt));
      }
      expect(sentAt.length).toBeGreaterThanOrEqual(11);
      for (const [i, at] of sentAt.entries()) {
        const bound = sentAt[i - 3];
        if (bound !== undefined) expect(at - bound).toBeGreaterThanOrEqual(1050);
      }
    });

    test('says when it is worth a look again', async () => {
      policy = { ...policy, concurrency: 100, rate: { limit: 1, perMs: 1000, burst: 1 } };
      await enqueue(2);
      expect(await turn(T0)).toMatchObject({ claims: [{ sendAt: T0 }], nextAt: T0 + 1050 });
    });

    test('asked for no rows, reads none', async () => {
      await enqueue(2);
      const plan = { tables: ['jobs'], mode: 'readonly', durability: 'relaxed' } as const;
      const range = { from: [QUEUE], to: [QUEUE, Number.POSITIVE_INFINITY], count: 0 };
      expect(await database.run(plan, (tx) => tx.all('jobs', range))).toEqual([]);
    });

    test('records each send that a rate binds, with its key and the number of its attempt', async () => {
      policy = { ...policy, rate: { limit: 1, perMs: 1000, burst: 1 } };
      await enqueue(1, { idempotencyKey: 'k-1' });
      await turn(T0);
      expect(await sends()).toEqual([
        {
          queue: QUEUE,
          n: 0,
          units: 1,
          at: T0,
          idempotencyKey: 'k-1',
          attempt: 1,
          leaseId: expect.stringMatching(/^e1/),
        },
      ]);
    });

    test('takes back the charge of a send that never left, so that a slow rate does not wait for nothing', async () => {
      policy = { ...policy, rate: { limit: 1, perMs: 60_000, burst: 1 } };
      await enqueue(1);
      const late = await turn(T0);
      const { claims } = await settle(T0 + 80, late.claims, { kind: 'unsent', why: 'late' });
      expect(claims).toMatchObject([{ n: 0, sendAt: T0 + 80 }]);
      expect((await queueRow()).counts.sends).toBe(1);
    });

    test('takes back a charge that others were made upon, and keeps theirs', async () => {
      policy = { ...policy, adaptive: false, concurrency: 3, rate: { limit: 2, perMs: 60_000, burst: 2 } };
      await enqueue(3);
      const { claims } = await turn(T0);
      const report = await settle(T0 + 80, claims.slice(0, 1), { kind: 'unsent', why: 'late' }, { held: 2 });
      expect(report.claims).toMatchObject([{ n: 1, sendAt: T0 + 80 }]);
      const { claims: none } = await settle(T0 + 90, report.claims, ok(), { held: 2 });
      expect(none).toEqual([]);
      expect(await sends()).toMatchObject([
        { n: 0, at: T0 },
        { n: 1, at: T0 + 80 },
      ]);
    });

    test('waits a whole window when the stored instants were written under a clock that ran ahead', async () => {
      policy = { ...policy, rate: { limit: 2, perMs: 1000, burst: 2 } };
      await enqueue(2);
      const { claims } = await turn(T0 + 86_400_000);
      await settle(T0 + 86_400_000, claims, ok(), { maxClaims: 0 });
      await enqueue(1);
      expect(await turn(T0)).toMatchObject({ claims: [], nextAt: T0 + 1050 });
      expect((await turn(T0 + 1050)).claims).toHaveLength(1);
    });

    test('an ack deletes the job and its body, and keeps the result', async () => {
      const [ticket = ''] = await tickets(1, { body: new ArrayBuffer(5000) });
      const { claims } = await turn(T0);
      const job = (claims[0] as Claim).job;
      expect(await store.body(job)).toHaveProperty('byteLength', 5000);
      const { events } = await settle(T0 + 10, claims, ok(201));
      expect(events).toContainEqual({ type: 'done', queue: QUEUE, ticket, status: 201 });
      expect(await store.body(job)).toBeUndefined();
      expect(await readJob(database, ticket)).toMatchObject({ state: 'done', answer: { status: 201 } });
      expect(await queueRow()).toMatchObject({ bytes: 0, counts: { waiting: 0, leased: 0, done: 1 } });
    });

    test('keeps an answer body up to the cap, and says when it left one out', async () => {
      policy = { ...policy, resultBytes: 4 };
      const [small = '', large = ''] = await tickets(2);
      const { claims } = await turn(T0);
      await settle(T0, claims.slice(0, 1), ok(200, 4), { held: 2 });
      await settle(T0, claims.slice(1), ok(200, 5), { held: 1 });
      expect(await readJob(database, small)).toMatchObject({ answer: { bodyOmitted: false } });
      const kept = await readJob(database, large);
      expect(kept).toMatchObject({ answer: { bodyOmitted: true } });
      expect(kept?.answer?.body).toBeUndefined();
    });

    test('a nacked job waits for its instant, then goes before those that came after it', async () => {
      policy = { ...policy, concurrency: 1 };
      await enqueue(2);
      const first = await turn(T0);
      const second = await settle(T0, first.claims, answered(500));
      expect(seqs(second.claims)).toEqual([2]);
      const idle = await settle(T0 + 10, second.claims, answered(500));
      expect(idle.claims).toEqual([]);
      expect(idle.nextAt).toBe(T0 + 500);
      expect(seqs((await turn(T0 + 2000)).claims)).toEqual([1]);
    });

    test('promotes what is due at the same cost when everything is in backoff', async () => {
      policy = { ...policy, concurrency: 50 };
      await enqueue(50);
      await settle(T0, (await turn(T0)).claims, answered(500), { maxClaims: 0 });
      expect((await queueRow()).counts).toMatchObject({ waiting: 50, leased: 0 });
      expect((await turn(T0 + 500, { maxClaims: 3 })).claims).toHaveLength(3);
    });

    test('within an ordering key one at a time, in order, also after a nack; across keys in parallel', async () => {
      policy = { ...policy, concurrency: 10 };
      await enqueue(2, { options: { orderingKey: 'a' } });
      await enqueue(1, { options: { orderingKey: 'b' } });
      const first = await turn(T0);
      expect(seqs(first.claims)).toEqual([1, 3]);
      const nacked = await settle(T0, first.claims.slice(0, 1), answered(500), { held: 2 });
      expect(nacked.claims).toEqual([]);
      const again = await turn(T0 + 600, { held: 1 });
      expect(seqs(again.claims)).toEqual([1]);
      expect(seqs((await settle(T0 + 700, again.claims, ok(), { held: 2 })).claims)).toEqual([2]);
    });

    test('a dead job holds back nobody, not even its own ordering key', async () => {
      await enqueue(2, { options: { orderingKey: 'a' } });
      const { claims } = await turn(T0);
      expect(seqs((await settle(T0, claims, answered(422))).claims)).toEqual([2]);
    });

    test('a settle under a lost lease changes nothing, but a late success counts', async () => {
      const [ticket = ''] = await tickets(1);
      const { claims } = await turn(T0);
      const retaken = await turn(T0 + 50_000, { engine: 'e2' });
      expect(seqs(retaken.claims)).toEqual([1]);
      await settle(T0 + 50_001, claims, answered(422), { maxClaims: 0, held: 0 });
      expect(await readJob(database, ticket)).toMatchObject({ state: 'leased' });
      await settle(T0 + 50_002, claims, ok(), { maxClaims: 0, held: 0 });
      expect(await readJob(database, ticket)).toMatchObject({ state: 'done' });
      await settle(T0 + 50_003, retaken.claims, answered(500), { engine: 'e2', maxClaims: 0 });
      expect(await queueRow()).toMatchObject({ counts: { accepted: 1, waiting: 0, leased: 0, done: 1 } });
    });

    test('an engine that begins alone takes back the leases of the one before at once, and counts an orphan', async () => {
      const [ticket = ''] = await tickets(1);
      await turn(T0);
      const { claims } = await turn(T0 + 100, { engine: 'e2', recover: true });
      expect(claims[0]?.job).toMatchObject({ ticket, orphans: 1, attempts: 0 });
    });

    test('a job that takes its engine down again and again is dead', async () => {
      const [ticket = ''] = await tickets(1);
      for (let i = 0; i < 4; i++) await turn(T0 + i, { engine: `crashed-${i}`, recover: true });
      await turn(T0 + 10, { engine: 'last', recover: true });
      expect(await readJob(database, ticket)).toMatchObject({ state: 'dead', reason: 'orphaned' });
    });

    test('the leases of an engine that says it leaves end, with nothing held against the jobs', async () => {
      await enqueue(1);
      await turn(T0);
      await releaseLeases(database, 'e1', T0 + 1);
      const { claims } = await turn(T0 + 2, { engine: 'e2' });
      expect(claims[0]?.job).toMatchObject({ orphans: 0 });
    });

    test('a lease is renewed while it is held, and told lost when it is not', async () => {
      await enqueue(1);
      const [claim] = (await turn(T0)).claims;
      expect(await store.renew(claim as Claim, T0 + 90_000)).toBe('held');
      expect((await turn(T0 + 60_000, { engine: 'e2' })).claims).toEqual([]);
      await turn(T0 + 95_000, { engine: 'e2' });
      expect(await store.renew(claim as Claim, T0 + 200_000)).toBe('lost');
    });

    test('a job older than its time to live is dead, not sent', async () => {
      policy = { ...policy, ttlMs: 1000 };
      const [ticket = ''] = await tickets(1);
      const { claims, events } = await turn(T0 + 1000);
      expect(claims).toEqual([]);
      expect(events).toMatchObject([{ type: 'dead', ticket, reason: 'expired' }]);
    });

    test('Retry-After freezes the whole queue and spends no attempt', async () => {
      await enqueue(3);
      const { claims } = await turn(T0);
      const report = await settle(T0, claims, answered(429, 2000));
      expect(report).toMatchObject({ claims: [], closed: true, nextAt: T0 + 2500 });
      const thawed = await turn(T0 + 2500);
      expect(thawed.claims.map(({ job }) => job.attempts)).toEqual([0, 0]);
    });

    test('cancels a waiting job at once, and flags a leased one', async () => {
      policy = { ...policy, concurrency: 1 };
      const [leased = '', waiting = ''] = await tickets(2);
      const [claim] = (await turn(T0)).claims;
      expect(await cancelJob(database, waiting, T0)).toMatchObject({ answer: 'cancelled' });
      expect(await cancelJob(database, leased, T0)).toMatchObject({ answer: 'aborting' });
      expect(await store.renew(claim as Claim, T0 + 90_000)).toBe('recalled');
      await settle(T0, [claim as Claim], { kind: 'aborted' });
      expect(await readJob(database, leased)).toMatchObject({ state: 'cancelled', reason: 'user' });
      expect((await queueRow()).counts).toMatchObject({ waiting: 0, leased: 0, cancelled: { user: 2 } });
    });

    test('a cancellation outlives the engine that was to carry it out', async () => {
      const [ticket = ''] = await tickets(1);
      await turn(T0);
      await cancelJob(database, ticket, T0);
      expect((await turn(T0 + 100, { engine: 'e2', recover: true })).claims).toEqual([]);
      expect(await readJob(database, ticket)).toMatchObject({ state: 'cancelled', reason: 'user' });
    });

    test('a cancelled job that was delivered all the same is done', async () => {
      const [ticket = ''] = await tickets(1);
      const { claims } = await turn(T0);
      await cancelJob(database, ticket, T0);
      await settle(T0, claims, ok());
      expect(await readJob(database, ticket)).toMatchObject({ state: 'done' });
    });

    test('redrives a dead job into its place, attempts at 0, and nothing else', async () => {
      policy = { ...policy, concurrency: 1 };
      const [ticket = '', other = ''] = await tickets(2);
      await settle(T0, (await turn(T0)).claims, answered(422), { maxClaims: 0 });
      await redriveJob(database, ticket, T0 + 5);
      expect((await queueRow()).counts).toMatchObject({ waiting: 2, dead: { rejected: 0 } });
      expect((await turn(T0 + 6)).claims[0]?.job).toMatchObject({ ticket, attempts: 0 });
      await expect(redriveJob(database, other, T0)).rejects.toMatchObject({
        code: 'state-conflict',
        value: other,
      });
      await expect(cancelJob(database, 'orders.99.x', T0)).rejects.toMatchObject({ code: 'state-conflict' });
    });

    test('a redriven job of an ordering key with a live head goes behind it', async () => {
      const [ticket = ''] = await tickets(3, { options: { orderingKey: 'a' } });
      await settle(T0, (await turn(T0)).claims, answered(422), { maxClaims: 0 });
      const head = await turn(T0 + 1);
      expect(seqs(head.claims)).toEqual([2]);
      await redriveJob(database, ticket, T0 + 2);
      expect(seqs((await settle(T0 + 3, head.claims, ok())).claims)).toEqual([1]);
    });

    test('claims nothing while paused, and goes on when resumed', async () => {
      await enqueue(1);
      await commandQueues(database, QUEUE, { kind: 'pause' }, T0);
      expect(await turn(T0)).toMatchObject({ claims: [], closed: true, nextAt: undefined });
      await commandQueues(database, undefined, { kind: 'resume' }, T0);
      expect((await turn(T0)).claims).toHaveLength(1);
      await expect(commandQueues(database, 'nope', { kind: 'pause' }, T0)).rejects.toMatchObject({
        code: 'queue-unknown',
        value: 'nope',
      });
    });

    test('waits for sign-in until nudged, with no attempt spent', async () => {
      await enqueue(1);
      const report = await settle(T0, (await turn(T0)).claims, answered(401));
      expect(report).toMatchObject({ closed: true, nextAt: undefined, events: [{ type: 'sign-in' }] });
      await commandQueues(database, QUEUE, { kind: 'nudge' }, T0);
      expect((await turn(T0)).claims[0]?.job.attempts).toBe(0);
    });

    test('lists by state, page by page, in order, and goes on where it stopped', async () => {
      const all = await tickets(5);
      const query = { queue: QUEUE, state: 'waiting' as const, limit: 2 };
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const { jobs, next } = await listJobs(database, { ...query, after });
        seen.push(...jobs.map(({ ticket }) => ticket));
        after = next;
      } while (after !== undefined);
      expect(seen).toEqual(all);
    });

    test('knows nothing of a ticket it never gave, nor of one from another life of the database', async () => {
      const [ticket = ''] = await tickets(1);
      expect(await readJob(database, 'garbage')).toBeUndefined();
      expect(await readJob(database, 'orders.1.other')).toBeUndefined();
      expect(await readJob(database, ticket)).toMatchObject({ state: 'waiting' });
    });

    test('sweeps results and dead letters whose time is over, and keeps the counters', async () => {
      policy = { ...policy, resultsKeptMs: 1000, deadKeptMs: 2000 };
      const [done = '', dead = ''] = await tickets(2);
      const { claims } = await turn(T0);
      await settle(T0, claims.slice(0, 1), ok(), { held: 2 });
      await settle(T0, claims.slice(1), answered(422), { held: 1 });
      await sweep(database, QUEUE, T0 + 1500);
      expect(await readJob(database, done)).toBeUndefined();
      expect(await readJob(database, dead)).toMatchObject({ state: 'dead' });
      await sweep(database, QUEUE, T0 + 2500);
      expect(await readJob(database, dead)).toBeUndefined();
      expect((await queueRow()).counts).toMatchObject({ accepted: 2, done: 1, dead: { rejected: 1 } });
    });

    test('has no turn for a queue it does not know', async () => {
      expect(await store.turn(TURN, { now: T0, chance: () => 0 })).toBeUndefined();
    });
  });
}

const TURN: TurnRequest = {
  queue: QUEUE,
  engine: 'e1',
  settlements: [],
  held: 0,
  maxClaims: 100,
  leadMs: 0,
  recover: false,
  clockJumped: false,
  durability: 'strict',
  turn: 0,
};

function draft(change: Partial<JobDraft>): JobDraft {
  return {
    queue: QUEUE,
    owner: FIRST_OWNER,
    nonce: 'n',
    idempotencyKey: crypto.randomUUID(),
    request: {
      url: 'https://example.test/api/orders',
      method: 'POST',
      headers: [],
      secrets: { kind: 'none' },
      mode: 'cors',
      credentials: 'same-origin',
      cache: 'default',
      redirect: 'follow',
      referrer: 'about:client',
      referrerPolicy: '',
      integrity: '',
    },
    options: {},
    ...change,
  };
}

function settlement({ job, leaseId, n, sendAt }: Claim, end: AttemptEnd): Settlement {
  return { seq: job.seq, leaseId, n, sentAt: sendAt, endedAt: sendAt, end };
}

function ok(status = 200, bodyBytes = 0): AttemptEnd {
  const body = bodyBytes === 0 ? {} : { body: new ArrayBuffer(bodyBytes) };
  return told({ status, statusText: '', headers: [], bodyOmitted: false, ...body });
}

function answered(status: number, notBeforeMs?: number): AttemptEnd {
  return told({ status, statusText: '', headers: [], bodyOmitted: false }, notBeforeMs);
}

function told(answer: Answer, notBeforeMs?: number): AttemptEnd {
  const hint = notBeforeMs === undefined ? {} : { hint: { notBeforeMs } };
  return { kind: 'answer', answer, keyOutstanding: false, ...hint };
}
