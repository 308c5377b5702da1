import { expect, test } from 'vitest';
import { order, start } from './origin.kit.js';

const PAGE = 'http://127.0.0.1:1';

test('allows a preflight whatever it asks for, and does not record it', async () => {
  const origin = await start({ behaviour: { fault: { kind: 'reset' } } });
  const response = await fetch(`${origin.url}/api/orders`, {
    method: 'OPTIONS',
    headers: {
      origin: PAGE,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'idempotency-key,x-shop',
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
  expect(response.headers.get('access-control-allow-methods')).toBe('PATCH');
  expect(response.headers.get('access-control-allow-headers')).toBe('idempotency-key,x-shop');
  expect(origin.arrivals).toEqual([]);
});

test('lets a page with credentials read the answer and its limits', async () => {
  const origin = await start();
  const response = await fetch(`${origin.url}/api/orders`, { headers: { origin: PAGE } });
  expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
  expect(response.headers.get('access-control-allow-credentials')).toBe('true');
  expect(response.headers.get('access-control-expose-headers')).toMatch(
    /Retry-After, RateLimit, RateLimit-Policy/,
  );
});

test('says nothing of it to a client that names no origin', async () => {
  const response = await order(await start());
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});

test('says nothing of it where it is set to know no CORS', async () => {
  const origin = await start({ behaviour: { cors: false } });
  for (const method of ['GET', 'OPTIONS']) {
    const headers = { origin: PAGE, 'access-control-request-method': 'POST' };
    const response = await fetch(`${origin.url}/api/orders`, { method, headers });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  }
});
