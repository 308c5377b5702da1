import { expect, test } from 'vitest';
import type { StoredRequest } from '../core/job.js';
import { capture } from './capture.js';
import { keyOf, withKey } from './idempotency.js';
import { capturedFacts } from './intake-facts.js';
import { rebuild, requireSendable } from './rebuild.js';
import { carriableIn, factsOf, isReplay, markReplay } from './replay.js';

const ORDERS = `${location.origin}/api/orders?q=1`;
const bytes = async (body: BodyInit | undefined) => new Uint8Array(await new Response(body).arrayBuffer());

/** Through plain data and back, as through the database. */
async function through(request: Request): Promise<Request> {
  const { request: stored, body } = structuredClone(await capture(request));
  return rebuild(stored, body);
}

test.each([
  ['text', 'grüße'],
  ['bytes', new Uint8Array([0, 255, 13, 10])],
  ['a blob', new Blob(['blob'], { type: 'text/x-blob' })],
  ['parameters', new URLSearchParams({ a: '1 2' })],
])('a body of %s comes back byte for byte, with its type', async (_, body) => {
  const before = new Request(ORDERS, { method: 'PUT', body });
  const after = await through(before.clone());
  expect(new Uint8Array(await after.arrayBuffer())).toEqual(await bytes(body));
  expect(after.headers.get('Content-Type')).toBe(before.headers.get('Content-Type'));
});

test('a form keeps its boundary, and with it its files', async () => {
  const form = new FormData();
  form.append('file', new File([new Uint8Array([1, 2, 3])], 'a.bin'));
  const after = await through(new Request(ORDERS, { method: 'POST', body: form }));
  const file = (await after.formData()).get('file') as File;
  expect([file.name, new Uint8Array(await file.arrayBuffer())]).toEqual(['a.bin', new Uint8Array([1, 2, 3])]);
});

test.each(['GET', 'HEAD', 'DELETE', 'POST'])('a %s without a body has none afterwards', async (method) => {
  const captured = await capture(new Request(ORDERS, { method }));
  expect(captured).not.toHaveProperty('body');
  expect((await through(new Request(ORDERS, { method }))).method).toBe(method);
});

test('keeps what a request is besides its body', async () => {
  const init: RequestInit = {
    method: 'POST',
    credentials: 'include',
    cache: 'no-store',
    redirect: 'manual',
    referrer: '/elsewhere',
    referrerPolicy: 'origin',
    integrity: 'sha256-AAAA',
    mode: 'cors',
    headers: [
      ['X-One', '1'],
      ['__proto__', 'polluted'],
      ['constructor', 'too'],
    ],
  };
  const { credentials, cache, redirect, referrer, referrerPolicy, integrity, mode, headers } = await through(
    new Request(ORDERS, init),
  );
  expect({ credentials, cache, redirect, referrerPolicy, integrity, mode }).toEqual({
    credentials: 'include',
    cache: 'no-store',
    redirect: 'manual',
    referrerPolicy: 'origin',
    integrity: 'sha256-AAAA',
    mode: 'cors',
  });
  expect(referrer).toBe(`${location.origin}/elsewhere`);
  expect([headers.get('x-one'), headers.get('__proto__'), headers.get('constructor')]).toEqual([
    '1',
    'polluted',
    'too',
  ]);
});

test('leaves out what the browser adds by itself, and will add again', async () => {
  const { request } = await capture(
    new Request(ORDERS, { headers: { 'User-Agent': 'x', Accept: 'text/plain' } }),
  );
  expect(request.headers).toEqual([['accept', 'text/plain']]);
});

test('a user and a password in a URL become a header, and stand in no other place', async () => {
  const url = `${ORDERS.replace('://', '://us%C3%A9r:p%40ss@')}#own`;
  const request = new Request(ORDERS, { method: 'POST', body: 'x' });
  Object.defineProperty(request, 'url', { value: url });
  const captured = await capture(request);
  const header = `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode('usér:p@ss')))}`;
  expect(captured.request).toMatchObject({ url: ORDERS });
  expect(captured.request.headers).toContainEqual(['authorization', header]);
  expect(factsOf(request).url).toBe(ORDERS);
});

test.each([
  ['a user in its URL', { url: ORDERS.replace('://', '://user:canary@') }],
  ['a header that is none', { headers: [['X-A', 'canary\0']] as [string, string][] }],
  [
    'a header that its mode drops',
    { mode: 'no-cors', headers: [['Authorization', 'canary']] as [string, string][] },
  ],
  ['a body that its method has not', { method: 'GET' }],
  ['a mode that no script can ask for', { mode: 'websocket' }],
])('what has %s is refused, and the error quotes nothing of it', async (_, change) => {
  const { request } = await capture(new Request(ORDERS, { method: 'POST' }));
  const refused = (): unknown =>
    requireSendable({ request: { ...request, ...change }, body: new ArrayBuffer(3) });
  expect(refused).toThrow(expect.objectContaining({ code: 'request-unreadable' }));
  expect(refused).not.toThrow(/canary/);
});

test('a row that makes no request says why', async () => {
  const { request } = await capture(new Request(ORDERS, { method: 'POST', body: 'x' }));
  const broken: StoredRequest[] = [
    { ...request, method: 'GET' },
    { ...request, method: 'PUT', mode: 'no-cors' },
    { ...request, url: 'http://[' },
    { ...request, headers: [['not a header', 'x']] },
  ];
  for (const row of broken) {
    expect(() => rebuild(row, new ArrayBuffer(1))).toThrow(
      expect.objectContaining({ code: 'request-unreadable' }),
    );
  }
});

test('a navigation is made again as far as a script may, and without the mark', async () => {
  const { request } = await capture(new Request(ORDERS, { method: 'POST' }));
  const made = rebuild({ ...request, mode: 'navigate', redirect: 'manual' }, undefined);
  expect(made).toMatchObject({ url: request.url, mode: 'same-origin', redirect: 'manual' });
});

test('a replay is known by its fragment, which takes the place of the own one', async () => {
  const after = await through(new Request(`${ORDERS}#own`, { method: 'POST' }));
  expect(isReplay(after.url)).toBe(true);
  expect(isReplay(`${ORDERS}#own`)).toBe(false);
  expect(markReplay(`${ORDERS}#own`)).toBe(`${ORDERS}#sluice-direct`);
  const carriable = { ticket: 'orders.1.n', timeoutMs: 30_000 };
  const carried = markReplay(`${ORDERS}#own`, carriable);
  expect(isReplay(carried)).toBe(true);
  expect(carriableIn(carried)).toEqual(carriable);
  expect(carriableIn(markReplay(ORDERS))).toBeUndefined();
  expect(factsOf(new Request(`${ORDERS}#own`)).url).toBe(ORDERS);
});

test('functions of users see method, URL, headers and body', async () => {
  const captured = await capture(new Request(ORDERS, { method: 'POST', body: '{"customer":7}' }));
  const facts = capturedFacts(captured);
  expect([facts.method, facts.url, facts.json()]).toEqual(['POST', ORDERS, { customer: 7 }]);
  (facts.headers as unknown as string[][]).push(['X-Own', 'theirs alone']);
  expect(captured.request.headers).not.toContainEqual(['X-Own', 'theirs alone']);
});

test('the key goes to our own origin, to others where it was asked for, and never into no-cors', () => {
  const policy = { header: 'Idempotency-Key', format: 'quoted' as const, crossOrigin: false };
  const request = { method: 'POST', mode: 'cors', headers: [] };
  const own = { value: 'k', isOwnOrigin: true };
  const other = { value: 'k', isOwnOrigin: false };
  expect(withKey(request, { ...own, value: 'k"1' }, policy)).toEqual([['Idempotency-Key', '"k\\"1"']]);
  expect(withKey(request, own, { ...policy, format: 'raw' })).toEqual([['Idempotency-Key', 'k']]);
  expect(withKey(request, other, policy)).toEqual([]);
  expect(withKey(request, other, { ...policy, crossOrigin: true })).toHaveLength(1);
  expect(withKey({ ...request, mode: 'no-cors' }, own, policy)).toEqual([]);
  expect(withKey({ ...request, headers: [['idempotency-key', 'mine']] }, own, policy)).toEqual([
    ['idempotency-key', 'mine'],
  ]);
  expect(keyOf({ headers: [['idempotency-key', '"mi\\"ne"']] }, 'Idempotency-Key')).toBe('mi"ne');
});
