import { beforeEach, expect, test } from 'vitest';
import { policiesOf } from '../core/config.js';
import { defineSluice } from '../core/define.js';
import { storedPost } from '../core/job.kit.js';
import type { Claim } from '../core/ports.js';
import type { Settlement } from '../core/attempt.js';
import { createRuntime, type Runtime } from '../drain/runtime.js';
import { cancelJob } from '../store/job-commands.js';
import { commandJob } from '../store/store.kit.js';
import { openIdentity } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { readJob } from '../store/query.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { markReplay } from '../transport/replay.js';
import { Carrier, type Carrying } from './carrier.js';

const ORDERS = 'https://app.test/api/orders';
const ENGINE = 'worker';
const NO_CONTENT = { status: 204, statusText: '', headers: [], bodyOmitted: false };

let clock: FakeClock;
let runtime: Runtime;
let carrier: Carrier;
let ticket: string;
let claim: Claim;
/** What the network is asked for, which is stood in for: no server answers at will. */
let asked: RequestInit[];
let answer: (response: Response) => void;
let fail: (error: Error) => void;
/** What a fetch event of the worker came to. */
let responded: Promise<Response> | undefined;

beforeEach(async () => {
  clock = new FakeClock();
  asked = [];
  responded = undefined;
  // A function: Node 20 has no URLPattern.
  const definition = defineSluice({ queues: { orders: { match: () => true } } });
  runtime = createRuntime(definition, {
    base: ORDERS,
    database: openMemory(),
    notify: createHub()(),
    clock,
    chance: () => 0.5,
    fetch: (_, init) => {
      asked.push(init);
      return new Promise((resolve, reject) => {
        answer = resolve;
        fail = reject;
        init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      });
    },
    locks: undefined,
  });
  await writePolicies(runtime.database, policiesOf(definition), { overwrite: true });
  const { owner } = await openIdentity(runtime.database);
  const draft = {
    queue: 'orders',
    nonce: 'n',
    idempotencyKey: 'k',
    request: storedPost(),
    options: {},
    owner,
  };
  const [stored] = await runtime.store.enqueue([draft], {}, clock.now());
  ticket = stored?.kind === 'accepted' ? stored.receipt.ticket : '';
  [claim] = (await claimsOf(ENGINE)) as [Claim];
  carrier = new Carrier(runtime);
});

async function claimsOf(engine: string, settlements: readonly Settlement[] = []): Promise<Claim[]> {
  const bounds = { held: settlements.length, maxClaims: 6, leadMs: 0, turn: 1 };
  const begun = { recover: settlements.length === 0, isAlone: true, clockJumped: false } as const;
  const request = {
    queue: 'orders',
    engine,
    settlements,
    ...bounds,
    ...begun,
    durability: 'relaxed' as const,
  };
  const report = await runtime.store.turn(request, { now: clock.now(), chance: () => 0.5 });
  return report?.claims ?? [];
}

function send({ timeoutMs = 30_000, signal = new AbortController().signal } = {}): void {
  const request = new Request(markReplay(ORDERS, { ticket, timeoutMs }), {
    method: 'POST',
    body: 'x',
    signal,
  });
  carrier.carry(
    {
      request,
      respondWith: (given) => void (responded = given).catch(() => undefined),
      waitUntil: () => undefined,
    },
    { ticket, timeoutMs },
  );
}

/** The page goes; what it has just sent has come to here by then. */
async function left(): Promise<Carrying> {
  const leaving = carrier.leave(ENGINE);
  await clock.advance(100);
  return leaving;
}

async function standing(): Promise<unknown> {
  return (await readJob(runtime.database, ticket))?.state;
}

test('a send whose page is left goes on, and its answer ends the job', async () => {
  send();
  const { ended } = await left();
  expect(await claimsOf('next')).toEqual([]);
  answer(Response.json({ id: 7 }, { status: 201 }));
  await ended;
  expect(asked).toHaveLength(1);
  expect(await readJob(runtime.database, ticket)).toMatchObject({ state: 'done', answer: { status: 201 } });
});

test('an answer that its page had heard, and not stored yet, ends the job', async () => {
  send();
  answer(new Response('ok', { headers: { 'Content-Length': '2' } }));
  expect(await (await responded)?.text()).toBe('ok');
  await (await left()).ended;
  expect(await standing()).toBe('done');
});

test('an answer of unknown length is kept as long as it is small', async () => {
  for (const [bytes, state] of [
    [65_537, 'waiting'],
    [65_536, 'done'],
  ] as const) {
    send();
    answer(new Response('x'.repeat(bytes)));
    await (await responded)?.text();
    await (await left()).ended;
    expect(await standing()).toBe(state);
    await claimsOf(ENGINE);
  }
});

test('an engine that is about to lead leaves what is under way to its answer', async () => {
  send();
  const { ended } = await carrier.takeSeat();
  expect(await claimsOf('next')).toEqual([]);
  answer(new Response(null, { status: 204 }));
  await ended;
  expect(await standing()).toBe('done');
});

test('an engine that is about to lead does not wait for what may still be on its way', async () => {
  const leaving = carrier.leave(ENGINE);
  await carrier.takeSeat();
  await leaving;
  expect(await claimsOf('next')).toMatchObject([{ job: { ticket, orphans: 0 } }]);
});

test('a send that was not made here is given back at once', async () => {
  await (await left()).ended;
  expect(await claimsOf('next')).toMatchObject([{ job: { ticket, orphans: 0 } }]);
});

test('a send that may take longer than an event lasts is left to the browser', () => {
  send({ timeoutMs: 45_001 });
  expect(responded).toBeUndefined();
  expect(asked).toEqual([]);
});

test('after a send that failed here workers send by themselves for a minute', async () => {
  send();
  fail(new TypeError('Failed to fetch'));
  await expect(responded).rejects.toThrow('Failed to fetch');
  responded = undefined;
  send();
  expect(responded).toBeUndefined();
  await clock.advance(60_000);
  send();
  expect(responded).toBeDefined();
});

test('what its worker does not wait for any more is stopped', async () => {
  const worker = new AbortController();
  send({ signal: worker.signal });
  const { leaseId, job, credentials, n } = claim;
  const ended = { seq: job.seq, ticket, leaseId, n, credentials, sentAt: clock.now(), endedAt: clock.now() };
  const end = { kind: 'answer', answer: NO_CONTENT, keyOutstanding: false } as const;
  await claimsOf(ENGINE, [{ ...ended, end }]);
  worker.abort();
  await expect(responded).rejects.toThrow('aborted');
});

test('what was cancelled is stopped, though the word of it is lost', async () => {
  send();
  await commandJob(runtime.database, cancelJob(ticket), clock.now());
  await clock.advance(3000);
  await expect(responded).rejects.toThrow('aborted');
});

test('a send whose worker ends with its page is not stopped', async () => {
  const worker = new AbortController();
  send({ signal: worker.signal });
  worker.abort();
  const { ended } = await left();
  answer(new Response(null, { status: 204 }));
  await ended;
  expect(await standing()).toBe('done');
});

test('what is carried, and cancelled, is stopped', async () => {
  send();
  const { ended } = await left();
  const { events } = await commandJob(runtime.database, cancelJob(ticket), clock.now());
  runtime.notify.tell(events);
  await ended;
  expect(await standing()).toBe('cancelled');
});

test('what is carried and takes too long is a timeout', async () => {
  send();
  const { ended } = await left();
  await clock.advance(30_000);
  await ended;
  expect(await readJob(runtime.database, ticket)).toMatchObject({
    state: 'waiting',
    detail: /30000|timeout/,
  });
});
