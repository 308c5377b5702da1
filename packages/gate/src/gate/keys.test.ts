import { expect, test } from 'vitest';
import { GateError } from '../core/errors.js';
import { memory } from '../store/memory.js';
import { benchWith, fakePlatform } from './gate.kit.js';

const codeOf = async (answer: Response): Promise<[number, string]> => [
  answer.status,
  (await answer.json()).code,
];

test('a repeat gets the first answer, and the service is asked once', async () => {
  const { ask, sent } = await benchWith();
  const first = await ask({ key: 'k' });
  const again = await ask({ key: 'k' });
  expect([first.status, await first.text(), first.headers.get('idempotency-replayed')]).toEqual([
    201,
    'done: an order',
    null,
  ]);
  expect([again.status, await again.text(), again.headers.get('idempotency-replayed')]).toEqual([
    201,
    'done: an order',
    'true',
  ]);
  expect(sent).toHaveLength(1);
});

test('a request without a key is sent each time', async () => {
  const { ask, sent } = await benchWith();
  await ask();
  await ask();
  expect(sent).toHaveLength(2);
});

test('a queue that requires a key answers 400 without one', async () => {
  const { ask, sent } = await benchWith({ idempotency: 'required' });
  expect(await codeOf(await ask())).toEqual([400, 'key-missing']);
  expect(sent).toHaveLength(0);
});

test('a queue that takes no note of keys sends each request, and keeps nothing of it', async () => {
  const { ask, gate, sent } = await benchWith({ idempotency: 'off' });
  await ask({ key: 'k' });
  await ask({ key: 'k' });
  expect(sent).toHaveLength(2);
  expect(await gate.list({ queue: 'orders', state: 'done' })).toEqual([]);
});

test('a request that missed its instant, and that a busy node then refuses, leaves its key free', async () => {
  const platform = fakePlatform();
  const store = memory({ now: platform.now });
  const { ask, sent } = await benchWith({ rate: { limit: 1, perMs: 1000 } }, { store, platform });
  const transact = store.transact.bind(store);
  const isOfKey: typeof store.transact = async (queue, reads, decide) => {
    store.transact = isBusy;
    const decision = await transact(queue, reads, decide);
    await platform.advance(5000);
    return decision;
  };
  const isBusy: typeof store.transact = async () => {
    store.transact = transact;
    throw new GateError('busy', 'too much waits here');
  };
  store.transact = isOfKey;
  expect((await ask({ key: 'k' })).status).toBe(503);
  const again = ask({ key: 'k' });
  await platform.advance(5000);
  expect([(await again).status, sent]).toMatchObject([201, [{}]]);
});

test('a request that is refused at the rate leaves no row behind', async () => {
  const { ask, gate } = await benchWith({ rate: { limit: 1, perMs: 60_000 }, holdMs: 0 });
  await ask({ key: 'sent' });
  for (const key of ['a', 'b', 'c']) expect((await ask({ key })).status).toBe(429);
  expect(await gate.counts('orders')).toMatchObject({ waiting: 0, running: 0, done: 1, dead: 0, unknown: 0 });
});

test.each([
  ['256 characters', 'x'.repeat(256)],
  ['quotes that do not close', '"k'],
  ['an escape of something else', '"a\\b"'],
  ['two keys', '"a", "b"'],
  ['nothing in quotes', '""'],
  ['a space without quotes', 'a b'],
  ['Latin-1', 'schlüssel'],
  ['a parameter', '"k";v=1'],
])('a key of %s is refused with 400', async (_, key) => {
  const { ask, sent } = await benchWith();
  expect(await codeOf(await ask({ key }))).toEqual([400, 'key-odd']);
  expect(sent).toHaveLength(0);
});

test.each([
  ['x'.repeat(255)],
  [`"${'x'.repeat(255)}"`],
  ['"with \\"quotes\\" and \\\\"'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
])('the key %s is taken', async (key) => {
  const { ask } = await benchWith();
  expect((await ask({ key })).status).toBe(201);
});

test('a key in quotes and the same without are one key', async () => {
  const { ask, sent } = await benchWith();
  await ask({ key: 'k' });
  await ask({ key: '"k"' });
  expect(sent).toHaveLength(1);
});

test('a known key with another body is refused with 422', async () => {
  const { ask, sent } = await benchWith();
  await ask({ key: 'k', body: 'one' });
  expect(await codeOf(await ask({ key: 'k', body: 'two' }))).toEqual([422, 'key-reused']);
  expect(sent).toHaveLength(1);
});

test('a key of one caller says nothing to another', async () => {
  const { ask, sent } = await benchWith();
  await ask({ key: 'k', user: 'ann' });
  const answer = await ask({ key: 'k', user: 'bob', body: 'of bob' });
  expect(await answer.text()).toBe('done: of bob');
  expect(sent).toHaveLength(2);
});

test('a repeat while the first is under way is refused with 409 and a time to come again', async () => {
  let answer: (response: Response) => void = () => undefined;
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  const { ask, sent, platform } = await benchWith({}, { service: () => slow });
  const first = ask({ key: 'k' });
  await platform.advance(0);
  const second = await ask({ key: 'k' });
  expect([second.status, second.headers.get('retry-after')]).toEqual([409, '1']);
  answer(new Response('late'));
  expect(await (await first).text()).toBe('late');
  expect(await (await ask({ key: 'k' })).text()).toBe('late');
  expect(sent).toHaveLength(1);
});

test.each([200, 201, 204, 301, 400, 403, 404, 409, 410, 422])('an answer of %i is kept', async (status) => {
  const { ask, sent } = await benchWith({}, { service: () => new Response(null, { status }) });
  await ask({ key: 'k' });
  expect((await ask({ key: 'k' })).status).toBe(status);
  expect(sent).toHaveLength(1);
});

test.each([401, 407, 408, 425, 429, 500, 502, 503, 504])('an answer of %i frees the key', async (status) => {
  let asked = 0;
  const service = (): Response => new Response(null, { status: (asked += 1) === 1 ? status : 200 });
  const { ask } = await benchWith({}, { service });
  expect((await ask({ key: 'k' })).status).toBe(status);
  expect((await ask({ key: 'k' })).status).toBe(200);
});

test('a service that throws frees the key, and its error reaches the server', async () => {
  const { ask, sent } = await benchWith();
  const failing = (): never => {
    throw new Error('the service fails');
  };
  await expect(ask({ key: 'k', service: failing })).rejects.toThrow('the service fails');
  expect((await ask({ key: 'k' })).status).toBe(201);
  expect(sent).toHaveLength(1);
});

test('requests beyond those that may wait for the store are refused with 503, and the others are sent', async () => {
  const { ask, sent } = await benchWith({}, { maxWaiting: 1 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(sent).toHaveLength(10 - refused.length);
  expect(await Promise.all(refused.map(codeOf))).toContainEqual([503, 'busy']);
});

test('cookies of an answer are not kept', async () => {
  const service = (): Response =>
    new Response('ok', { headers: { 'set-cookie': 'session=secret', 'x-a': 'b' } });
  const { ask } = await benchWith({}, { service });
  expect((await ask({ key: 'k' })).headers.get('set-cookie')).toBe('session=secret');
  const again = await ask({ key: 'k' });
  expect([again.headers.get('set-cookie'), again.headers.get('x-a')]).toEqual([null, 'b']);
});

test('a key is forgotten after its time', async () => {
  const { ask, sent, platform } = await benchWith({ keepKeysMs: 10_000 });
  await ask({ key: 'k' });
  await platform.advance(9_000);
  await ask({ key: 'k' });
  expect(sent).toHaveLength(1);
  await platform.advance(6_000);
  await ask({ key: 'k' });
  expect(sent).toHaveLength(2);
});

test('the lease of a handler that takes long is renewed', async () => {
  const { ask, sent, platform } = await benchWith(
    { leaseMs: 3000 },
    { service: () => new Promise(() => undefined) },
  );
  void ask({ key: 'k' });
  await platform.advance(60_000);
  expect((await ask({ key: 'k' })).status).toBe(409);
  expect(sent).toHaveLength(1);
});

test('`once` does its work one time, also if the first answer was an error', async () => {
  const bench = await benchWith();
  let effects = 0;
  let tries = 0;
  const service = async (request: Request): Promise<Response> => {
    const number = await bench.gate.once(request, async () => (effects += 1));
    tries += 1;
    return tries === 1 ? new Response(null, { status: 500 }) : Response.json({ number });
  };
  expect((await bench.ask({ key: 'k', service })).status).toBe(500);
  expect(await (await bench.ask({ key: 'k', service })).json()).toEqual({ number: 1 });
  expect([effects, tries]).toEqual([1, 2]);
});

test('`once` of a request without a key does its work each time', async () => {
  const bench = await benchWith();
  let effects = 0;
  const service = async (request: Request): Promise<Response> =>
    Response.json(await bench.gate.once(request, async () => (effects += 1)));
  await bench.ask({ service });
  expect(await (await bench.ask({ service })).json()).toBe(2);
});

test('`once` of a request that the gate does not know throws', async () => {
  const { gate } = await benchWith();
  const strange = new Request('http://service.test/');
  await expect(gate.once(strange, async () => 1)).rejects.toMatchObject({ code: 'key-not-held' });
});

test('the service is told who has sent a request', async () => {
  const bench = await benchWith();
  const service = (request: Request): Response => new Response(bench.gate.identityOf(request));
  expect(await (await bench.ask({ user: 'ann', key: 'k', service })).text()).toBe('ann');
  expect(await (await bench.ask({ user: 'bob', service })).text()).toBe('bob');
});
