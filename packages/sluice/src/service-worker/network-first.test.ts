import { beforeEach, expect, test } from 'vitest';
import { policiesOf, type QueueConfig } from '../core/config.js';
import type { Rate } from '../core/policy.js';
import { defineSluice } from '../core/define.js';
import type { RequestFacts } from '../core/match.js';
import type { Captured, Intake } from '../core/messages.js';
import type { Notify } from '../core/ports.js';
import { createRuntime } from '../drain/runtime.js';
import { foreignSendUntil, openIdentity, signIn } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { readJob } from '../store/query.js';
import { readQueues } from '../store/queues.js';
import type { Database } from '../store/rows.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { capture } from '../transport/capture.js';
import { KeyTurns } from './key-turns.js';
import { tryOrStore } from './network-first.js';
import { SameTries, type Tried } from './same-tries.js';

type Accepted = Extract<Intake, { kind: 'accepted' }>;

// The network is stood in for: what of it is tested here, no server can be made to do at will.
let sent: Request[];
let answer: () => Response | Promise<Response>;
let database: Database;
let tell: Notify;
/** Written after the answer. */
let over: Promise<unknown>[];

beforeEach(() => {
  sent = [];
  over = [];
  answer = () => new Response('the answer', { status: 201 });
});

async function open(
  change: Partial<QueueConfig>,
  limits: Record<string, Rate> = {},
): Promise<(captured: Captured) => Promise<Tried>> {
  // A function: Node 20 has no URLPattern.
  const match = ({ method }: RequestFacts) => method === 'POST';
  const definition = defineSluice({
    limits,
    queues: { orders: { match, mode: 'network-first', ...change } },
  });
  const [queue] = definition.queues;
  if (!queue) throw new Error('no queue');
  database = openMemory();
  await writePolicies(database, policiesOf(definition), { overwrite: true });
  await openIdentity(database);
  const fetch = async (request: Request, init: RequestInit): Promise<Response> => {
    sent.push(request);
    return Promise.race([answer(), aborted(init.signal)]);
  };
  tell = createHub()();
  const runtime = createRuntime(definition, {
    base: 'https://app.test/',
    database,
    notify: tell,
    clock: new FakeClock(),
    chance: () => 0.5,
    fetch,
    locks: undefined,
  });
  const tries = { turns: new KeyTurns(), same: new SameTries() };
  return (captured) => {
    const identity = runtime.identity.current();
    const waitUntil = (work: Promise<unknown>): void => void over.push(work);
    return tryOrStore(queue, { captured, identity, runtime, waitUntil }, tries);
  };
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

const order = (headers: HeadersInit = {}, body = 'x'): Promise<Captured> =>
  capture(new Request('https://app.test/orders', { method: 'POST', body, headers }));

const stateOf = (tried: Tried) => readJob(database, (tried as Accepted).receipt.ticket);

test('a double click is one order, and both have its answer', async () => {
  const tryOne = await open({ dedupeKey: ({ text }) => text() });
  const [first, second] = await Promise.all([tryOne(await order()), tryOne(await order())]);
  expect(sent).toHaveLength(1);
  expect(await (first as Response).text()).toBe('the answer');
  expect(await (second as Response).text()).toBe('the answer');
});

test('of two that replace one another each is sent', async () => {
  const tryOne = await open({ dedupeKey: ({ text }) => text(), coalesce: 'replace' });
  await Promise.all([tryOne(await order()), tryOne(await order())]);
  expect(sent).toHaveLength(2);
});

test('one that replaces another waits for its try, and takes its place where that fails', async () => {
  const rate = { limit: 1, perMs: 60_000 };
  const tryOne = await open({ dedupeKey: () => 'k', coalesce: 'replace', rate });
  let fail = (): void => undefined;
  answer = () =>
    new Promise((resolve) => {
      fail = () => resolve(new Response(null, { status: 429 }));
    });
  const older = tryOne(await order({}, 'older'));
  const newer = tryOne(await order({}, 'newer'));
  await expect.poll(() => sent.length).toBe(1);
  fail();
  const [first, second] = await Promise.all([older, newer]);
  expect(await stateOf(first)).toMatchObject({ state: 'cancelled', reason: 'replaced' });
  expect(await stateOf(second)).toMatchObject({ state: 'waiting' });
});

test('what may have arrived is not sent once more where it cannot be stored', async () => {
  const tryOne = await open({ maxBytes: 1, whenFull: 'network' });
  answer = () => new Response(null, { status: 500 });
  expect(await tryOne(await order())).toMatchObject({ kind: 'refused', refusal: { code: 'queue-full' } });
  answer = () => new Response(null, { status: 429 });
  expect(await tryOne(await order())).toMatchObject({ kind: 'direct' });
});

test('the service hears nothing of how its answer is waited for', async () => {
  const tryOne = await open({});
  await tryOne(await order({ Prefer: 'wait=10, handling=lenient' }));
  expect(sent.map(({ headers }) => headers.get('Prefer'))).toEqual(['handling=lenient']);
});

test('whoever prefers the receipt has it at once', async () => {
  const tryOne = await open({});
  expect(await tryOne(await order({ Prefer: 'respond-async' }))).toMatchObject({ kind: 'accepted' });
  expect(sent).toEqual([]);
});

test('an answer that breaks off while it is judged is stored for later', async () => {
  const tryOne = await open({ expect: async (response) => (await response.json()) !== undefined });
  answer = () =>
    new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError('broken off')) }));
  expect(await tryOne(await order())).toMatchObject({ kind: 'accepted' });
  expect(sent).toHaveLength(1);
});

test('no more than `concurrency` are tried at once, and the others are stored', async () => {
  const tryOne = await open({ concurrency: 2 });
  let respond = (): void => undefined;
  const responded = new Promise<void>((resolve) => (respond = resolve));
  answer = async () => {
    await responded;
    return new Response();
  };
  const all = Array.from({ length: 5 }, async (_, i) => tryOne(await order({}, `${i}`)));
  await expect.poll(() => sent.length).toBe(2);
  respond();
  const ends = await Promise.all(all);
  expect(ends.filter((end) => end instanceof Response)).toHaveLength(2);
  expect(sent).toHaveLength(2);
  await Promise.all(over);
  expect(await tryOne(await order())).toMatchObject({ kind: 'accepted' });
});

test('another user who signs in ends a try, which is stored for its own user', async () => {
  const tryOne = await open({});
  answer = () => new Promise(() => undefined);
  const { owner } = await openIdentity(database);
  const tried = tryOne(await order());
  await expect.poll(() => sent.length).toBe(1);
  const clock = new FakeClock();
  tell.tell(await signIn(database, { user: 'ann', adopt: false, now: clock.now() }));
  expect(await tried).toMatchObject({ kind: 'accepted' });
  await Promise.all(over);
  expect(await foreignSendUntil(database, clock.now())).toBe(0);
  expect((await readQueues(database))[0]).toMatchObject({ counts: { waiting: 1 }, live: { [owner]: 1 } });
});

test('a try that `prepare` sends to an origin with a limit is stored, since it was not charged to that', async () => {
  const prepare = (): Request => new Request('https://api.test/orders', { method: 'POST' });
  const tryOne = await open({ prepare }, { 'https://api.test': { limit: 1, perMs: 1000 } });
  expect(await tryOne(await order())).toMatchObject({ kind: 'accepted' });
  expect(sent).toEqual([]);
  expect((await readQueues(database))[0]).toMatchObject({ reached: ['https://api.test'] });
});
