import { beforeEach, expect, test } from 'vitest';
import { policiesOf, type QueueConfig } from '../core/config.js';
import { defineSluice } from '../core/define.js';
import type { RequestFacts } from '../core/match.js';
import type { Captured, Intake } from '../core/messages.js';
import { createRuntime } from '../drain/runtime.js';
import { openIdentity } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { readJob } from '../store/query.js';
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

beforeEach(() => {
  sent = [];
  answer = () => new Response('the answer', { status: 201 });
});

async function open(change: Partial<QueueConfig>): Promise<(captured: Captured) => Promise<Tried>> {
  // A function: Node 20 has no URLPattern.
  const match = ({ method }: RequestFacts) => method === 'POST';
  const definition = defineSluice({ queues: { orders: { match, mode: 'network-first', ...change } } });
  const [queue] = definition.queues;
  if (!queue) throw new Error('no queue');
  database = openMemory();
  await writePolicies(database, policiesOf(definition), { overwrite: true });
  await openIdentity(database);
  const fetch = async (request: Request): Promise<Response> => {
    sent.push(request);
    return answer();
  };
  const runtime = createRuntime(definition, {
    base: 'https://app.test/',
    database,
    notify: createHub()(),
    clock: new FakeClock(),
    chance: () => 0.5,
    fetch,
    locks: undefined,
  });
  const tries = { turns: new KeyTurns(), same: new SameTries() };
  return (captured) => tryOrStore(queue, { captured, identity: runtime.identity.current(), runtime }, tries);
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
