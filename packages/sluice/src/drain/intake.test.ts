import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { SluiceError } from '../core/errors.js';
import { storedPost } from '../core/job.kit.js';
import { parseTicket } from '../core/job.js';
import { openIdentity, signIn } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import { readQueues } from '../store/queues.js';
import type { QueueConfig } from '../core/config.js';
import type { RequestFacts } from '../core/match.js';
import type { Taken } from '../core/messages.js';
import type { Database } from '../store/rows.js';
import type { IntakeDesk } from './intake.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { createRuntime } from './runtime.js';
import type { World } from './world.js';

const BASE = 'https://example.test/';
const MANY = 5000;

/** A desk over such a database. */
function deskOver(
  database: Database,
  more: Partial<QueueConfig> = {},
  world: Partial<World> = {},
): IntakeDesk {
  // A function: Node 20 has no URLPattern.
  const match = ({ url }: RequestFacts) => url.endsWith('/api/orders');
  return createRuntime(defineSluice({ queues: { orders: { match, ...more } } }), {
    base: BASE,
    database,
    notify: createHub()(),
    clock: new FakeClock(),
    chance: () => 0.5,
    fetch: async () => new Response(),
    locks: undefined,
    ...world,
  }).intake;
}

const order = () => ({ request: storedPost(`${BASE}api/orders`) });

/** The jobs of each strict transaction, while storage takes them: after `most` of those it fails. */
async function acceptMany(most: number) {
  const memory = openMemory();
  const sizes: number[] = [];
  const run: Database['run'] = async (plan, work) => {
    if (plan.durability !== 'strict' || plan.name !== 'enqueue') return memory.run(plan, work);
    if (sizes.length === most) throw new Error('the disk is gone');
    let jobs = 0;
    const counted = await memory.run(plan, (tx) =>
      work({
        ...tx,
        put: (table, row) => {
          if (table === 'jobs') jobs += 1;
          tx.put(table, row);
        },
      }),
    );
    if (jobs > 0) sizes.push(jobs);
    return counted;
  };
  const taken = await deskOver({ ...memory, run }).acceptAll(Array.from({ length: MANY }, order), {});
  return { sizes, places: taken.map(placeOf) };
}

function placeOf(one: Taken): unknown {
  if (one.kind === 'accepted') return parseTicket(one.receipt.ticket)?.seq;
  return one.kind === 'refused' ? one.refusal.code : one.kind;
}

test('a long list takes several transactions, in its order', async () => {
  const { sizes, places } = await acceptMany(9);
  expect(sizes).toEqual([2048, 2048, MANY - 4096]);
  expect(places).toEqual(Array.from({ length: MANY }, (_, i) => i + 1));
});

test('where storage fails in the middle of a list, what it had taken has its receipts', async () => {
  const { sizes, places } = await acceptMany(1);
  expect(sizes).toEqual([2048]);
  expect(places.slice(0, 2048)).toEqual(Array.from({ length: 2048 }, (_, i) => i + 1));
  expect(new Set(places.slice(2048))).toEqual(new Set(['storage-failed']));
});

test('of a list, what no rule names, is too large or finds no room is told apart from what is stored', async () => {
  const other = { request: storedPost(`${BASE}elsewhere`) };
  const large = { ...order(), body: new ArrayBuffer(9) };
  const desk = deskOver(openMemory(), { maxJobs: 2, maxBodyBytes: 8 });
  const taken = await desk.acceptAll([order(), other, large, order(), order()], {});
  expect(taken.map(placeOf)).toEqual([1, 'unmatched', 'body-too-large', 2, 'queue-full']);
});

test('what a page began to read before somebody else signed in is not theirs, and is refused', async () => {
  const database = openMemory();
  await openIdentity(database);
  const at = new FakeClock().now();
  const signInAt = (now: number) => signIn(database, { user: 'bob', adopt: false, now });
  await signInAt(at);
  const desk = deskOver(database);
  const takenAt = async (askedAt: number) => (await desk.acceptAll([order()], { askedAt })).map(placeOf);
  expect(await takenAt(at - 1)).toEqual(['signed-out']);
  expect(await takenAt(at)).toEqual([1]);
  await signInAt(at + 1);
  expect(await takenAt(at)).toEqual([2]);
});

test('a context that has missed who signed in stores nothing for the user before, and looks', async () => {
  const database = openMemory();
  const clock = new FakeClock();
  const missing = { ...createHub()(), listen: () => () => undefined };
  const desk = deskOver(database, {}, { clock, notify: missing });
  expect((await desk.acceptAll([order()], {})).map(placeOf)).toEqual([1]);
  await signIn(database, { user: 'bob', adopt: false, now: clock.now() });
  await clock.advance(1000);
  expect((await desk.acceptAll([order()], {})).map(placeOf)).toEqual(['signed-out']);
  expect((await desk.acceptAll([order()], {})).map(placeOf)).toEqual([2]);
});

test('a clock that was set back since somebody signed in keeps nobody out', async () => {
  const database = openMemory();
  await openIdentity(database);
  const at = new FakeClock().now();
  await signIn(database, { user: 'bob', adopt: false, now: at + 3_600_000 });
  const taken = await deskOver(database).acceptAll([order()], { askedAt: at });
  expect(taken.map(placeOf)).toEqual([1]);
});

test('an enqueue of one takes no slot of the rate where a full queue lets requests through', async () => {
  const desk = deskOver(openMemory(), { maxJobs: 1, whenFull: 'network', rate: { limit: 1, perMs: 10_000 } });
  await desk.acceptAll([order()], {});
  expect((await desk.acceptAll([order()], {})).map(placeOf)).toEqual(['queue-full']);
  expect(await desk.accept(order(), {})).toMatchObject({ kind: 'direct' });
});

test('a rule sees of what a page hands over as much as of what is intercepted', async () => {
  const seen: string[] = [];
  const match = (facts: RequestFacts) => seen.push(...Object.keys(facts)) > 0;
  await deskOver(openMemory(), { match }).acceptAll([order()], {});
  expect(seen).toEqual(['method', 'url', 'mode', 'destination']);
});

/** The word of its first `losses` commits of that kind is lost, or of a look at what was stored. */
function losing({ losses, blind = false }: { losses: number; blind?: boolean }): Database {
  const memory = openMemory();
  let left = losses;
  return {
    ...memory,
    run: async (plan, work) => {
      const isLook = plan.mode === 'readonly' && plan.tables.includes('results');
      if (blind && isLook) throw new SluiceError('storage-failed', 'the disk is gone');
      const done = await memory.run(plan, work);
      if (plan.name !== 'enqueue' || done === 'new-queue' || left-- <= 0) return done;
      throw new SluiceError('storage-unsure', 'the word was lost');
    },
  };
}

test('what was stored, and of which no word came, is found and has its receipt', async () => {
  const database = losing({ losses: 1 });
  const desk = deskOver(database);
  const taken = await desk.acceptAll(Array.from({ length: 3 }, order), {});
  expect(taken.map(placeOf)).toEqual([1, 2, 3]);
  expect(await desk.accept(order(), {})).toMatchObject({ kind: 'accepted' });
  expect((await readQueues(database))[0]?.counts).toMatchObject({ accepted: 4, waiting: 4 });
});

test('where that cannot be seen, it is refused as what may have been stored, not let through', async () => {
  const desk = deskOver(losing({ losses: 1, blind: true }));
  const answer = await desk.accept(order(), {});
  expect(answer).toMatchObject({ kind: 'refused', refusal: { code: 'storage-unsure' } });
});

test('a duplicate of which no word came has the ticket of the first', async () => {
  const desk = deskOver(losing({ losses: 2 }), { dedupeKey: () => 'k' });
  const [first, second] = [await desk.accept(order(), {}), await desk.accept(order(), {})];
  expect(second).toMatchObject({
    receipt: { ticket: (first as { receipt: { ticket: string } }).receipt.ticket },
  });
});
