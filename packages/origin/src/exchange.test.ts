import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { allRead, ONE_THEN_NONE, order, start } from './origin.kit.js';

test('answers with what it received', async () => {
  const origin = await start();
  const response = await fetch(`${origin.url}/api/orders?x=1`, {
    method: 'PUT',
    body: 'an order',
    headers: { 'x-shop': 'corner' },
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    ok: true,
    n: 1,
    method: 'PUT',
    url: '/api/orders?x=1',
    headers: { 'x-shop': 'corner' },
    body: 'an order',
    bodySha256: createHash('sha256').update('an order').digest('hex'),
  });
});

test('records an arrival with its instants, its key without quotes, and its outcome', async () => {
  const before = Date.now();
  const origin = await start();
  await order(origin, '"k\\"1"');
  const [arrival] = origin.arrivals;
  expect(arrival).toMatchObject({
    n: 1,
    method: 'POST',
    url: '/api/orders',
    idempotencyKey: 'k"1',
    bodyBytes: 8,
    body: 'an order',
    outcome: 'accepted',
    status: 200,
  });
  expect(arrival?.at).toBeGreaterThan(before - 1000);
  expect(arrival?.answeredAt).toBeGreaterThanOrEqual(arrival?.at ?? Number.POSITIVE_INFINITY);
});

test('keeps the first 64 KiB of a body, byte by byte, and the hash of all of it', async () => {
  const origin = await start();
  const body = Buffer.alloc(200_000, Buffer.from([0, 200, 255]));
  await fetch(`${origin.url}/api/files`, { method: 'POST', body });
  const [arrival] = origin.arrivals;
  expect(arrival?.bodyBytes).toBe(200_000);
  expect(arrival?.body).toBe(body.toString('latin1', 0, 65_536));
  expect(arrival?.bodySha256).toBe(createHash('sha256').update(body).digest('hex'));
});

test('records a request that waits for capacity at its receipt', async () => {
  const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE } });
  await order(origin);
  const second = order(origin);
  await origin.waitFor(({ arrivals }) => arrivals.length === 2);
  expect(origin.arrivals[1]).toMatchObject({ outcome: 'waiting', status: undefined, answeredAt: undefined });
  origin.set({ ratePerSecond: Number.POSITIVE_INFINITY });
  expect((await second).status).toBe(200);
  expect(origin.arrivals[1]?.outcome).toBe('accepted');
});

test('gives the fixed answer when it has one', async () => {
  const answer = { status: 422, headers: { 'content-type': 'text/plain', 'x-why': 'no stock' }, body: 'no' };
  const origin = await start({ behaviour: { answer } });
  const response = await order(origin);
  expect([response.status, response.headers.get('x-why'), await response.text()]).toEqual([
    422,
    'no stock',
    'no',
  ]);
  expect(origin.arrivals[0]).toMatchObject({ outcome: 'rejected', status: 422 });
});

test('does the work in its turn although the client left, and calls it dropped', async () => {
  const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE } });
  await order(origin);
  const leaving = new AbortController();
  const gone = fetch(`${origin.url}/api/orders`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { 'idempotency-key': 'k1' },
  });
  await origin.waitFor(allRead(2));
  leaving.abort();
  await expect(gone).rejects.toThrow('aborted');
  // The end of that connection is read before the request of another.
  await fetch(origin.url);
  origin.set({ ratePerSecond: Number.POSITIVE_INFINITY });
  await origin.waitFor(({ arrivals }) => arrivals[1]?.outcome === 'dropped');
  expect(origin.arrivals[1]).toMatchObject({ status: undefined, answeredAt: undefined });
  expect((await order(origin, 'k1')).headers.get('idempotency-replayed')).toBe('true');
});

test('calls the work dropped at once when the client leaves before a late answer', async () => {
  const origin = await start({ behaviour: { baseLatencyMs: 1_000_000 } });
  const leaving = new AbortController();
  const gone = fetch(`${origin.url}/api/orders`, { signal: leaving.signal });
  await origin.waitFor(allRead(1));
  leaving.abort();
  await expect(gone).rejects.toThrow('aborted');
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome === 'dropped');
});

test('does no work for a body that breaks off', async () => {
  const origin = await start();
  const socket = connect(origin.port, '127.0.0.1');
  socket.write('POST /api/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  socket.destroy();
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome === 'reset');
  expect(origin.arrivals[0]?.status).toBeUndefined();
});
