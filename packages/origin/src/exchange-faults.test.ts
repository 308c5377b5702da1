import { expect, test } from 'vitest';
import { allRead, order, start } from './origin.kit.js';

test('drop: does the work and never answers, so that a retry is a duplicate', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'drop', times: 1 } } });
  const leaving = new AbortController();
  const dropped = fetch(`${origin.url}/api/orders`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { 'idempotency-key': 'k1' },
  });
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome === 'dropped');
  expect(origin.arrivals[0]).toMatchObject({ status: undefined, answeredAt: undefined });
  const retry = await order(origin, 'k1');
  expect([retry.status, retry.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  leaving.abort();
  await expect(dropped).rejects.toThrow('aborted');
});

test('delay: does the work before the late answer', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'delay', ms: 1_000_000, times: 1 } } });
  const leaving = new AbortController();
  const delayed = fetch(`${origin.url}/api/orders`, {
    method: 'POST',
    signal: leaving.signal,
    headers: { 'idempotency-key': 'k1' },
  });
  await origin.waitFor(allRead(1));
  expect((await order(origin, 'k1')).headers.get('idempotency-replayed')).toBe('true');
  expect(origin.arrivals[0]?.outcome).toBe('waiting');
  leaving.abort();
  await expect(delayed).rejects.toThrow('aborted');
});

test('delay: answers when it is over', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'delay', ms: 20 } } });
  expect((await order(origin)).status).toBe(200);
  expect(origin.arrivals[0]).toMatchObject({ outcome: 'accepted', status: 200 });
});

test('hold: does the work, and answers once the fault is set anew', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'hold', times: 1 } } });
  const held = order(origin, 'k1');
  await origin.waitFor(allRead(1));
  expect((await order(origin, 'k1')).headers.get('idempotency-replayed')).toBe('true');
  expect(origin.arrivals[0]?.outcome).toBe('waiting');
  origin.set({ fault: undefined });
  expect((await held).status).toBe(200);
  expect(origin.arrivals[0]).toMatchObject({ outcome: 'accepted', status: 200 });
});

test('hold: ends with the connection', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'hold' } } });
  const leaving = new AbortController();
  const held = fetch(`${origin.url}/api/orders`, { method: 'POST', signal: leaving.signal });
  await origin.waitFor(allRead(1));
  leaving.abort();
  await expect(held).rejects.toThrow('aborted');
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome === 'dropped');
});

test('reset: breaks the connection and does no work', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'reset', times: 1 } } });
  await expect(order(origin, 'k1')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  expect(origin.arrivals[0]).toMatchObject({ outcome: 'reset', status: undefined, body: 'an order' });
  expect((await order(origin, 'k1')).headers.get('idempotency-replayed')).toBeNull();
});

test('status: answers it with its Retry-After and does no work', async () => {
  const origin = await start({
    behaviour: { fault: { kind: 'status', status: 503, retryAfter: '9', times: 1 } },
  });
  const response = await order(origin, 'k1');
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '9']);
  expect(origin.arrivals[0]).toMatchObject({ outcome: 'rejected', status: 503 });
  expect((await order(origin, 'k1')).headers.get('idempotency-replayed')).toBeNull();
});

test('hits only what it matches', async () => {
  const origin = await start({
    behaviour: { fault: { kind: 'status', status: 500, match: ({ body }) => body === 'poison' } },
  });
  const poison = await fetch(`${origin.url}/api/orders`, { method: 'POST', body: 'poison' });
  expect([poison.status, (await order(origin)).status]).toEqual([500, 200]);
});

test('a healthy service is one patch away', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'reset' } } });
  await expect(order(origin)).rejects.toThrow();
  origin.set({ fault: undefined });
  expect((await order(origin)).status).toBe(200);
});
