import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import { commandJob } from './store.kit.js';
import type { AttemptEnd } from '../core/attempt.js';
import type { Owner } from '../core/identity.js';
import type { Job, JobDraft, JobState } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
import { commandQueues } from './control.js';
import { cancelJob, holdJob, releaseJob } from './job-commands.js';
import { clearQueue, eraseForgotten } from './clear.js';
import { forget, forgottenOwners, openIdentity, signIn } from './identity.js';
import { releaseLeases } from './lease-commands.js';
import { openMemory } from './memory.js';
import { readQueues } from './queues.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { createStore } from './store.js';

const T0 = 1_700_000_000_000;

const step = fc.oneof(
  fc.record({
    do: fc.constant('enqueue' as const),
    key: fc.constantFrom(undefined, 'a', 'b'),
    count: fc.integer({ min: 1, max: 4 }),
    terms: fc.record(
      {
        fairnessKey: fc.constantFrom('x', 'y'),
        dedupeKey: fc.constantFrom('d1', 'd2'),
        priority: fc.integer({ min: -1, max: 1 }),
        cost: fc.integer({ min: 1, max: 7 }),
        notBefore: fc.integer({ min: T0, max: T0 + 100_000 }),
        held: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    after: fc.option(fc.nat(), { nil: undefined }),
    coalesced: fc.constantFrom(undefined, 'replaced' as const, 'merged' as const, 'undone' as const),
  }),
  fc.record({
    do: fc.constant('turn' as const),
    engine: fc.constantFrom('e1', 'e2'),
    recover: fc.boolean(),
    wait: fc.integer({ min: 0, max: 60_000 }),
  }),
  fc.record({ do: fc.constant('settle' as const), pick: fc.nat(), end: fc.integer({ min: 0, max: 6 }) }),
  fc.record({
    do: fc.constantFrom('cancel' as const, 'redrive' as const, 'hold' as const, 'release' as const),
    pick: fc.nat(),
  }),
  fc.record({ do: fc.constant('leave' as const), engine: fc.constantFrom('e1', 'e2') }),
  fc.record({
    do: fc.constant('identify' as const),
    user: fc.constantFrom(null, 'ann', 'bob'),
    adopt: fc.boolean(),
  }),
  fc.record({ do: fc.constant('clear' as const), user: fc.constantFrom(null, 'ann') }),
  fc.record({ do: fc.constant('clear-queue' as const) }),
  fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'nudge' as const) }),
);

test('accepted = waiting + leased + done + dead + cancelled, and the counters tell the rows, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.boolean(),
      fc.boolean(),
      async (steps, isShedding, isBatching) => {
        const world = createWorld(isShedding, isBatching);
        let erased = 0;
        for (const one of steps) {
          await world.apply(one);
          if (one.do === 'clear' || one.do === 'clear-queue') erased = await erasedOf(world.database);
          await check(world.database, erased);
        }
      },
    ),
    { numRuns: 300 },
  );
});

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function createWorld(isShedding: boolean, isBatching: boolean) {
  const database = openMemory();
  const store = createStore(database, () => ({
    rewrite: (stored) => ({ ...stored, body: new ArrayBuffer(3) }),
    batches: true,
  }));
  const tickets: string[] = [];
  const claims: { claim: Claim; engine: string }[] = [];
  let captured: Owner | undefined;
  let now = T0;
  let turns = 0;
  let drafted = 0;
  const policy = {
    ...DEFAULT_POLICY,
    concurrency: 3,
    batch: isBatching ? { max: 3, maxBytes: 25, waitMs: 100 } : null,
    maxJobs: 12,
    ttlMs: 600_000,
    maxAttempts: 3,
    rate: { limit: 5, perMs: 1000, burst: 2 },
    whenFull: isShedding ? ('drop-oldest' as const) : ('reject' as const),
  };
  const turn = async (engine: string, change: object) => {
    turns += 1;
    const request = {
      queue: 'orders',
      engine,
      settlements: [],
      held: 0,
      maxClaims: 9,
      leadMs: 5,
      durability: 'strict' as const,
      clockJumped: false,
      recover: false,
      isAlone: true,
      turn: turns,
      ...change,
    };
    const report = await store.turn(request, { now, chance: () => 0.5 });
    const made = (report?.claims ?? []).flatMap((claim) => [claim, ...claim.riders]);
    const row = (await readQueues(database))[0];
    expect(made.filter(({ job }) => job.owner !== row?.owner)).toEqual([]);
    claims.push(...made.map((claim) => ({ claim, engine })));
  };
  return {
    database,
    apply: async (one: Step): Promise<void> => {
      const ticket = 'pick' in one ? (tickets[one.pick % Math.max(1, tickets.length)] ?? 'none') : 'none';
      switch (one.do) {
        case 'enqueue': {
          const after =
            one.after === undefined ? undefined : tickets[one.after % Math.max(1, tickets.length)];
          const owner = (captured ??= (await openIdentity(database)).owner);
          const drafts = Array.from({ length: one.count }, () => {
            drafted += 1;
            return { ...draft(`${drafted}`, one, after), owner };
          });
          // Now and then under whoever was signed in as it was captured, and is not any more.
          if (one.count > 1) captured = (await openIdentity(database)).owner;
          const answers = await store.enqueue(drafts, { orders: policy }, now);
          for (const answer of answers) if (answer.kind === 'accepted') tickets.push(answer.receipt.ticket);
          return;
        }
        case 'turn':
          now += one.wait;
          return turn(one.engine, { recover: one.recover });
        case 'settle': {
          const held = claims[one.pick % Math.max(1, claims.length)];
          if (!held) return;
          const { job, leaseId, n, sendAt, credentials } = held.claim;
          const end = ENDS[one.end] as AttemptEnd;
          return turn(held.engine, {
            settlements: [{ ...namesOf(job), leaseId, n, sentAt: sendAt, endedAt: now, credentials, end }],
            maxClaims: 0,
          });
        }
        case 'cancel':
          await commandJob(database, cancelJob(ticket), now).catch(expectConflict);
          return;
        case 'redrive':
          await commandJob(database, redriveJob(ticket), now).catch(expectConflict);
          return;
        case 'hold':
          await commandJob(database, holdJob(ticket), now).catch(expectConflict);
          return;
        case 'release':
          await commandJob(database, releaseJob(ticket), now).catch(expectConflict);
          return;
        case 'leave':
          await releaseLeases(database, { engine: one.engine, now });
          return;
        case 'identify':
          await signIn(database, { ...one, now });
          return;
        case 'clear': {
          await forget(database, one.user, now);
          const forgotten = (await forgottenOwners(database, now)) ?? [];
          if (await eraseForgotten(database, now)) expect(await rowsOf(database, forgotten)).toEqual([]);
          return;
        }
        case 'clear-queue':
          await clearQueue(database, 'orders', now);
          return;
        default:
          await commandQueues(database, undefined, { kind: one.do }, now);
      }
    },
  };
}

/** Dead letters that a clear has erased: their ends stay counted. */
async function erasedOf(database: Database): Promise<number> {
  const [row] = await readQueues(database);
  const dead = Object.values(row?.counts.dead ?? {}).reduce((total, n) => total + n, 0);
  return dead - (await jobsIn(database)).filter(({ state }) => state.kind === 'dead').length;
}

function jobsIn(database: Database): Promise<Job[]> {
  return database.run({ tables: ['jobs'], mode: 'readonly', durability: 'relaxed' }, (tx) =>
    tx.all('jobs', { from: ['orders'], to: ['orders', Number.POSITIVE_INFINITY] }),
  );
}

async function check(database: Database, erased: number): Promise<void> {
  const [row] = await readQueues(database);
  if (!row) return;
  const { accepted, waiting, leased, done, dead, cancelled } = row.counts;
  const sum = (counts: object) => Object.values(counts).reduce((total: number, n: number) => total + n, 0);
  expect(waiting + leased + done + sum(dead) + sum(cancelled)).toBe(accepted);
  const jobs = await jobsIn(database);
  const kinds = jobs.map(({ state }) => state.kind);
  const live: Record<number, number> = {};
  for (const { owner, state } of jobs) if (state.kind !== 'dead') live[owner] = (live[owner] ?? 0) + 1;
  expect(row.live).toEqual(live);
  expect(kinds.filter((kind) => kind === 'leased')).toHaveLength(leased);
  expect(kinds.filter((kind) => kind === 'dead')).toHaveLength(sum(dead) - erased);
  expect(kinds.filter((kind) => WAITING.includes(kind))).toHaveLength(waiting);
  expect(kinds.filter((kind) => kind === 'parked')).toHaveLength(row.parked);
  const requests = jobs.filter(({ state }) => state.kind === 'leased' && !state.rides);
  expect(requests).toHaveLength(row.inFlight);
  const owners = [...new Set(jobs.map(({ owner }) => owner))];
  for (const [owner, key] of owners.flatMap((one) => ['a', 'b'].map((name) => [one, name] as const))) {
    const chained = jobs.filter((job) => job.chain === key && job.owner === owner);
    const heads = chained.filter(({ state }) => !isBehind(state));
    expect(heads.length).toBe(chained.length > 0 ? 1 : 0);
  }
  await checkFlows(database, jobs);
  expect(row.bytes).toBeGreaterThanOrEqual(0);
  if (waiting + leased === 0) expect(row.bytes).toBe(0);
}

async function rowsOf(database: Database, owners: readonly number[]): Promise<unknown[]> {
  const tables = ['jobs', 'results', 'flows', 'twins'] as const;
  const every = { from: ['orders'], to: ['orders', Number.POSITIVE_INFINITY] };
  return database.run({ tables, mode: 'readonly', durability: 'relaxed' }, async (tx) => {
    const rows = await Promise.all(tables.map((table) => tx.all(table, every)));
    return rows.flat().filter(({ owner }) => owners.includes(owner));
  });
}

const WAITING = ['ready', 'delayed', 'scheduled', 'behind', 'parked'];

const isBehind = (state: JobState): boolean =>
  state.kind === 'behind' || (state.kind === 'parked' && state.behind);

/** A fairness key is remembered with as many live jobs as it has, and not at all without. */
async function checkFlows(database: Database, jobs: readonly Job[]): Promise<void> {
  const flows = await database.run({ tables: ['flows'], mode: 'readonly', durability: 'relaxed' }, (tx) =>
    tx.all('flows', { from: ['orders'], to: ['orders', Number.POSITIVE_INFINITY] }),
  );
  const live = jobs.filter(({ fairnessKey, state }) => fairnessKey !== undefined && state.kind !== 'dead');
  const labels = live
    .map(({ owner, priority, fairnessKey }) => `${owner}/${priority}/${fairnessKey}`)
    .toSorted();
  const known = flows.flatMap(({ owner, priority, key, live: count }) =>
    Array.from({ length: count }, () => `${owner}/${priority}/${key}`),
  );
  expect(known.toSorted()).toEqual(labels);
}

const expectConflict = (error: unknown): void => expect(error).toMatchObject({ code: 'state-conflict' });

const namesOf = ({ seq, ticket }: Job) => ({ seq, ticket });

const answer = (status: number, notBeforeMs?: number): AttemptEnd => ({
  kind: 'answer',
  keyOutstanding: false,
  ...(notBeforeMs === undefined ? {} : { hint: { notBeforeMs } }),
  answer: { status, statusText: '', headers: [], bodyOmitted: false },
});

const ENDS: AttemptEnd[] = [
  answer(200),
  answer(500),
  answer(422),
  answer(429, 1000),
  answer(401),
  { kind: 'network-error', detail: 'refused' },
  { kind: 'aborted' },
];

function draft(
  nonce: string,
  { key, terms, coalesced }: Extract<Step, { do: 'enqueue' }>,
  after: string | undefined,
): Omit<JobDraft, 'owner'> {
  const { held = false, ...rest } = terms;
  return {
    queue: 'orders',
    nonce,
    idempotencyKey: nonce,
    body: new ArrayBuffer(10),
    options: {
      ...rest,
      ...(key === undefined ? {} : { orderingKey: key }),
      ...(after === undefined ? { held } : { after }),
    },
    ...(coalesced === undefined
      ? {}
      : {
          coalesce: () =>
            coalesced === 'undone' ? { kind: coalesced } : { kind: coalesced, body: new ArrayBuffer(4) },
        }),
    request: storedPost(),
  };
}
