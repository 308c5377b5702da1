import { expect, test } from 'vitest';
import { benchWith } from './gate.kit.js';

const CONSENT = { prefer: 'respond-async' };
const SLOW_LINE = { rate: { limit: 1, perMs: 1000 }, holdMs: 0, line: {} };

function status(
  gate: Awaited<ReturnType<typeof benchWith>>['gate'],
  location: string,
  init: RequestInit = {},
): Promise<Response> {
  const url = new URL(location, 'http://service.test');
  return gate.handle(new Request(url, init), () => new Response('not the gate'));
}

test('a caller that consents gets 202 and a place to ask, and its answer once it is done', async () => {
  const { gate, ask, platform } = await benchWith(SLOW_LINE);
  await ask();
  const receipt = await ask({ body: 'late', headers: CONSENT });
  expect([
    receipt.status,
    receipt.headers.get('preference-applied'),
    receipt.headers.get('retry-after'),
  ]).toEqual([202, 'respond-async', '2']);
  const location = receipt.headers.get('location') ?? '';
  const open = await status(gate, location);
  expect([open.status, open.headers.get('sluice-state')]).toEqual([202, 'waiting']);
  await platform.advance(1025);
  const done = await status(gate, location);
  expect([done.status, done.headers.get('sluice-state'), await done.text()]).toEqual([
    201,
    'done',
    'done: late',
  ]);
  expect(done.headers.get('cache-control')).toBe('no-store');
});

test('a caller that does not consent never gets a 202 of the gate', async () => {
  const { ask } = await benchWith(SLOW_LINE);
  await ask();
  expect((await ask()).status).toBe(429);
  expect((await ask({ headers: { prefer: 'wait=10, handling=lenient' } })).status).toBe(429);
});

test('the line is drained in its order and at the rate', async () => {
  const { ask, platform, sent } = await benchWith(SLOW_LINE);
  for (const body of ['a', 'b', 'c', 'd']) await ask({ body, headers: CONSENT });
  await platform.advance(3500);
  expect(sent.map(({ body }) => body)).toEqual(['a', 'b', 'c', 'd']);
  expect(sent.map(({ at }) => Math.round(at))).toEqual([0, 1025, 2050, 3075]);
});

test('the ticket of one caller says nothing to another', async () => {
  const { gate, ask } = await benchWith(SLOW_LINE);
  await ask();
  const receipt = await ask({ user: 'ann', headers: CONSENT });
  const location = receipt.headers.get('location') ?? '';
  expect((await status(gate, location, { headers: { 'x-user': 'bob' } })).status).toBe(404);
  expect((await status(gate, location, { headers: { 'x-user': 'ann' } })).status).toBe(202);
  expect((await status(gate, '/sluice-jobs/nonsense', { headers: { 'x-user': 'ann' } })).status).toBe(404);
});

test('a caller may wait for the end on the connection', async () => {
  const { gate, ask, platform } = await benchWith(SLOW_LINE);
  await ask();
  const receipt = await ask({ body: 'late', headers: CONSENT });
  const waiting = status(gate, receipt.headers.get('location') ?? '', { headers: { prefer: 'wait=20' } });
  await platform.advance(1025);
  expect(await (await waiting).text()).toBe('done: late');
});

test('a wait that is over is answered with where the job stands', async () => {
  const { gate, ask, platform } = await benchWith({ ...SLOW_LINE, rate: { limit: 1, perMs: 60_000 } });
  await ask();
  const receipt = await ask({ headers: CONSENT });
  const waiting = status(gate, receipt.headers.get('location') ?? '', { headers: { prefer: 'wait=3' } });
  await platform.advance(3000);
  const answer = await waiting;
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([202, '58']);
});

test('secrets of the request are not stored, and its caller is known to the service', async () => {
  const seen: unknown[] = [];
  const bench = await benchWith(SLOW_LINE, {
    deliver: (request) => {
      const names = [...request.headers.keys()].filter((name) => name !== 'sluice-delivery');
      seen.push(names, bench.gate.identityOf(request));
      return new Response('ok');
    },
  });
  await bench.ask();
  const headers = { ...CONSENT, authorization: 'Bearer x', cookie: 'a=b', 'x-csrf-token': 'c', 'x-own': 'd' };
  await bench.ask({ user: 'ann', headers });
  await bench.platform.advance(1025);
  expect(seen).toEqual([['content-type', 'x-own', 'x-user'], 'ann']);
});

test('a job that the service refuses for now is tried again, later each time, and is dead in the end', async () => {
  const { gate, ask, platform, sent } = await benchWith(
    { ...SLOW_LINE, line: { maxAttempts: 3 }, rate: { limit: 100, perMs: 1000 } },
    { deliver: () => new Response('down', { status: 503 }) },
  );
  await gate.pause('orders');
  const receipt = await ask({ headers: CONSENT });
  await gate.resume('orders');
  await platform.advance(60_000);
  expect(sent).toHaveLength(0);
  const answer = await status(gate, receipt.headers.get('location') ?? '');
  expect([answer.status, answer.headers.get('sluice-state'), await answer.text()]).toEqual([
    503,
    'dead',
    'down',
  ]);
  expect(await gate.list({ queue: 'orders', state: 'dead' })).toMatchObject([{ state: 'dead', status: 503 }]);
  expect(await gate.counts('orders')).toMatchObject({ accepted: 1, inLine: 0, dead: 1 });
});

test('a job whose delivery throws is back in the line before its lease is over', async () => {
  let tries = 0;
  const { gate, ask, platform } = await benchWith(
    { ...SLOW_LINE, leaseMs: 60_000 },
    {
      deliver: () => {
        tries += 1;
        if (tries === 1) throw new Error('there is no way to the service');
        return new Response('done');
      },
    },
  );
  await gate.pause('orders');
  await ask({ headers: CONSENT });
  await gate.resume('orders');
  await platform.advance(5000);
  expect([tries, await gate.counts('orders')]).toMatchObject([2, { running: 0, done: 1 }]);
});

test('Retry-After of the service is waited for', async () => {
  const tries: number[] = [];
  const bench = await benchWith(
    { ...SLOW_LINE, rate: { limit: 100, perMs: 1000 } },
    {
      deliver: () => {
        tries.push(bench.platform.now());
        return new Response(null, {
          status: tries.length === 1 ? 503 : 200,
          headers: { 'retry-after': '30' },
        });
      },
    },
  );
  await bench.gate.pause('orders');
  await bench.ask({ headers: CONSENT });
  await bench.gate.resume('orders');
  await bench.platform.advance(32_000);
  expect(tries).toHaveLength(2);
  expect((tries[1] ?? 0) - (tries[0] ?? 0)).toBeGreaterThanOrEqual(30_000);
});

test('a dead job that is redriven is done', async () => {
  let isDown = true;
  const { gate, ask, platform } = await benchWith(
    { ...SLOW_LINE, line: { maxAttempts: 1 } },
    { deliver: () => new Response('answer', { status: isDown ? 500 : 200 }) },
  );
  await ask();
  const receipt = await ask({ key: 'k', headers: CONSENT });
  await platform.advance(2000);
  expect((await ask({ key: 'k', headers: CONSENT })).status).toBe(409);
  isDown = false;
  await gate.redrive(receipt.headers.get('sluice-ticket') ?? '');
  await platform.advance(2000);
  const repeat = await ask({ key: 'k' });
  expect([repeat.status, repeat.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  await expect(gate.redrive('nonsense')).rejects.toMatchObject({ code: 'unknown-request' });
});

test('a full line gives numbers', async () => {
  const { ask } = await benchWith({ ...SLOW_LINE, line: { maxJobs: 1 } });
  await ask();
  expect((await ask({ headers: CONSENT })).status).toBe(202);
  const over = await ask({ headers: CONSENT });
  expect([over.status, over.headers.has('sluice-slot')]).toEqual([429, true]);
});

test('a number stands behind the jobs that were accepted before', async () => {
  const { ask } = await benchWith(SLOW_LINE);
  await ask();
  for (let n = 0; n < 3; n += 1) await ask({ headers: CONSENT });
  expect((await ask()).headers.get('retry-after')).toBe('5');
});

test('a queue that is paused accepts into its line, and drains it when it is resumed', async () => {
  const { gate, ask, platform, sent } = await benchWith(SLOW_LINE);
  await gate.pause('orders');
  expect((await ask({ headers: CONSENT })).status).toBe(202);
  await platform.advance(10_000);
  expect(sent).toHaveLength(0);
  await gate.resume('orders');
  await platform.advance(100);
  expect(sent).toHaveLength(1);
});

test('a delivery that comes back through the gate passes, and a forged one does not', async () => {
  const bench = await benchWith(SLOW_LINE, {
    deliver: (request) => bench.gate.handle(request, (passed) => new Response(bench.gate.identityOf(passed))),
  });
  await bench.ask();
  const receipt = await bench.ask({ user: 'ann', headers: CONSENT });
  await bench.platform.advance(1025);
  const location = receipt.headers.get('location') ?? '';
  expect(await (await status(bench.gate, location, { headers: { 'x-user': 'ann' } })).text()).toBe('ann');
  const forged = await bench.ask({ headers: { 'sluice-delivery': '%7B%22queue%22%3A%22orders%22%7D.00' } });
  expect(forged.status).toBe(429);
});
