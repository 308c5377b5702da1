import { beforeEach, expect, test } from 'vitest';
import { SluiceError } from '../core/errors.js';
import type { Outcome } from '../core/views.js';
import type { World } from '../drain/world.js';
import { openMemory } from '../store/memory.js';
import type { Database } from '../store/rows.js';
import { StoreBench, T0 } from '../store/store.kit.js';
import { createHub } from '../testing/hub.js';
import { type TestedSluice, testSluice } from '../testing/index.js';
import { createIdentitySource } from '../drain/identity-source.js';
import { createUsers, type Users } from './users.js';

let tested: TestedSluice<'orders'>;
let sent: string[];
let answer: (request: Request) => Promise<Response>;

beforeEach(async () => {
  sent = [];
  answer = async () => new Response();
  const match = ({ method }: { method: string }): boolean => method === 'POST';
  tested = await testSluice(
    {
      queues: {
        orders: { match, prepare: (request, { context }) => tokened(request, context['token'] as string) },
      },
    },
    {
      fetch: async (request) => {
        sent.push(await request.clone().text());
        return answer(request);
      },
    },
  );
});

const tokened = (request: Request, token = ''): Request =>
  new Request(request, { headers: { Authorization: token } });
const submit = async (body: string): Promise<string> => {
  const request = new Request('https://app.test/api', { method: 'POST', body });
  return (await tested.sluice.enqueue(request)).ticket;
};
/** Sealing takes real time. */
const untilSent = async (count: number): Promise<void> => {
  while (sent.length < count) await tested.clock.advance(50);
  await tested.clock.advance(50);
};
/** Time goes on until it is done. */
const during = async <T>(work: Promise<T>, stepMs = 50): Promise<T> => {
  const state = { isOver: false };
  void work.catch(() => undefined).finally(() => (state.isOver = true));
  while (!state.isOver) await tested.clock.advance(stepMs);
  return work;
};
const usersOf = (world: Pick<World, 'database' | 'notify' | 'clock'>): Users =>
  createUsers({ ...world, identity: createIdentitySource(world.database, world) });
const identify = (user: string | null, options?: { adopt?: boolean }) =>
  during(tested.sluice.identify(user, options));
/** The service takes what it gets, and does not answer. */
const hang = (): void => {
  answer = (request) =>
    new Promise((_, reject) =>
      request.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
    );
};

test('a job is sent under whoever submitted it, and waits while somebody else is signed in', async () => {
  await tested.sluice.pause();
  await identify('ann');
  const ticket = await submit('ann’s');
  await identify('bob');
  await submit('bob’s');
  await tested.sluice.resume();
  await tested.clock.advance(1000);
  expect(sent).toEqual(['bob’s']);
  expect(await tested.sluice.get(ticket)).toBeUndefined();
  expect(tested.sluice.snapshot().queues.orders).toMatchObject({ depth: 0, others: 1 });
  await expect(tested.sluice.cancel(ticket)).rejects.toMatchObject({ code: 'state-conflict' });
  await identify('ann');
  await tested.clock.advance(1000);
  expect(sent).toEqual(['bob’s', 'ann’s']);
});

test('a job that is asked for and not yet stored as the user changes is the first user’s', async () => {
  await tested.sluice.pause();
  await identify('ann');
  const submitted = submit('ann’s');
  await Promise.all([identify('bob'), submitted]);
  await tested.sluice.resume();
  await tested.clock.advance(1000);
  expect(sent).toEqual([]);
  expect(tested.sluice.snapshot().queues.orders).toMatchObject({ depth: 0, others: 1 });
});

test('what is waited for stays awaited while its user is away', async () => {
  await tested.sluice.pause();
  await identify('ann');
  let outcome: Outcome | undefined;
  void tested.sluice.settled(await submit('ann’s')).then((end) => (outcome = end));
  await identify('bob');
  await tested.sluice.resume();
  await tested.clock.advance(20_000);
  expect(outcome).toBeUndefined();
  await identify('ann');
  await tested.clock.advance(6000);
  expect(outcome).toMatchObject({ kind: 'done' });
});

test('what is in flight is aborted before identify resolves, and sent again when its user is back', async () => {
  await identify('ann');
  hang();
  await submit('ann’s');
  await tested.clock.advance(100);
  await identify(null);
  expect(sent).toEqual(['ann’s']);
  answer = async () => new Response();
  await identify('ann');
  await tested.clock.advance(1000);
  expect(sent).toEqual(['ann’s', 'ann’s']);
});

test('nobody’s jobs wait while somebody is signed in, unless they are adopted', async () => {
  await tested.sluice.pause();
  await submit('nobody’s');
  await identify('ann');
  await tested.sluice.resume();
  await tested.clock.advance(1000);
  expect(sent).toEqual([]);
  await identify('ann', { adopt: true });
  await tested.clock.advance(1000);
  expect(sent).toEqual(['nobody’s']);
});

test('what was sealed for nobody opens for whoever adopts it, also once nobody is forgotten', async () => {
  const tokens: (string | null)[] = [];
  const { sluice, clock } = await testSluice(
    { queues: { orders: { match: ({ method }) => method === 'POST' } } },
    {
      fetch: ({ headers }) => {
        tokens.push(headers.get('Authorization'));
        return new Response();
      },
    },
  );
  await sluice.pause();
  const headers = { Authorization: 'Bearer 1' };
  await sluice.enqueue(new Request('https://app.test/api', { method: 'POST', headers }));
  await sluice.identify('ann', { adopt: true });
  await sluice.clear({ identity: null });
  await sluice.resume();
  while (tokens.length === 0) await clock.advance(50);
  expect(tokens).toEqual(['Bearer 1']);
});

test('the context is forgotten where the user changes', async () => {
  const tokens: (string | null)[] = [];
  answer = async ({ headers }) => {
    tokens.push(headers.get('Authorization'));
    return new Response();
  };
  await identify('ann');
  await tested.sluice.setContext({ token: 'ann' });
  await submit('1');
  await untilSent(1);
  await identify('bob');
  await submit('2');
  await untilSent(2);
  expect(tokens).toEqual(['ann', '']);
});

test('a user who is cleared leaves nothing behind, and starts anew', async () => {
  await tested.sluice.pause();
  await identify('ann');
  const ticket = await submit('secret');
  await during(tested.sluice.clear({ identity: 'ann' }));
  await identify('ann');
  expect(await tested.sluice.get(ticket)).toBeUndefined();
  expect(await (await tested.sluice.export()).text()).toBe('');
  expect((await tested.sluice.counts()).orders).toMatchObject({ waiting: 0, cancelled: { cleared: 1 } });
  await tested.sluice.resume();
  await submit('new');
  await tested.clock.advance(1000);
  expect(sent).toEqual(['new']);
});

test('what storage refused to erase, the next clear erases', async () => {
  const memory = openMemory();
  const bench = new StoreBench(memory);
  await bench.enqueue();
  let refuses = true;
  const run: Database['run'] = async (plan, work) => {
    if (refuses && plan.tables.includes('bodies')) throw new SluiceError('storage-failed', 'not now');
    return memory.run(plan, work);
  };
  const users = usersOf({
    database: { ...memory, run },
    notify: { tell: () => undefined, listen: () => () => undefined, close: () => undefined },
    clock: { now: () => T0, epoch: () => 0, at: () => () => undefined },
  });
  const clear = async (): Promise<void> => {
    await users.forget({ identity: null });
    await users.whenReturned(true);
  };
  await expect(clear()).rejects.toMatchObject({ code: 'storage-failed' });
  expect(memory.snapshot().get('jobs')?.size).toBe(1);
  refuses = false;
  await clear();
  expect(memory.snapshot().get('jobs')?.size).toBe(0);
});

test('a queue that is cleared cancels what waits and aborts what is in flight, of whoever is signed in', async () => {
  await identify('ann');
  hang();
  const flying = await submit('1');
  await tested.clock.advance(100);
  await tested.sluice.pause();
  const waiting = await submit('2');
  await tested.sluice.clear({ queue: 'orders' });
  await tested.clock.advance(100);
  const ends = await Promise.all([flying, waiting].map((ticket) => tested.sluice.get(ticket)));
  expect(ends).toMatchObject([
    { state: 'cancelled', reason: 'cleared' },
    { state: 'cancelled', reason: 'cleared' },
  ]);
});

test('an engine that is silent is waited for until its lease has ended', async () => {
  const database = openMemory();
  const bench = new StoreBench(database);
  await bench.enqueue();
  await bench.turn(T0);
  const { clock } = tested;
  const silent = { database, clock, notify: createHub()(), barrier: async () => undefined };
  const startedAt = clock.now();
  const users = usersOf(silent);
  await during(
    users.identify('bob').then(() => users.whenReturned(false)),
    1000,
  );
  expect(clock.now() - startedAt).toBeGreaterThan(40_000);
});

test('a user is a name or null, and says so', async () => {
  await expect(tested.sluice.identify('')).rejects.toMatchObject({ code: 'config-invalid', value: '' });
  await expect(tested.sluice.identify('x'.repeat(257))).rejects.toMatchObject({ code: 'config-invalid' });
});

test('names that an object would trip over are names like any other', async () => {
  for (const user of ['__proto__', 'constructor', 'null']) {
    await identify(user);
    await submit(user);
    await tested.clock.advance(1000);
  }
  expect(sent).toEqual(['__proto__', 'constructor', 'null']);
});
