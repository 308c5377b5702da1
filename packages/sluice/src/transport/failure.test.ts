import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { failureOf } from './failure.js';

const error = new TypeError('Failed to fetch');
const base = 'https://app.test/';

/** How it is named, and what was asked of the origin. */
async function name(request: Request, isThere: boolean) {
  const asked: Request[] = [];
  const fetch = async (one: Request): Promise<Response> => {
    asked.push(one);
    if (!isThere) throw error;
    return Response.error();
  };
  const end = await failureOf(error, request, { fetch, clock: new FakeClock(), base });
  return { end, asked };
}

test('where another origin answers, its CORS headers are missing, and they are named', async () => {
  const request = new Request('https://api.test/orders?secret=1', {
    method: 'PUT',
    body: '{}',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': '"k"' },
    credentials: 'include',
  });
  const { end, asked } = await name(request, true);
  expect(end).toEqual({
    kind: 'blocked',
    by: 'cors',
    detail:
      'https://api.test is there, and the browser keeps its answer back. It has to send ' +
      'Access-Control-Allow-Origin: https://app.test and Access-Control-Allow-Credentials: true and ' +
      'Access-Control-Allow-Methods: PUT and Access-Control-Allow-Headers: content-type, idempotency-key',
  });
  expect(asked).toMatchObject([
    { method: 'HEAD', mode: 'no-cors', credentials: 'omit', url: 'https://api.test/#sluice-direct' },
  ]);
});

test('where another origin does not answer, it is an outage', async () => {
  const { end } = await name(new Request('https://api.test/orders', { method: 'POST', body: 'x' }), false);
  expect(end).toEqual({ kind: 'network-error', detail: 'TypeError: Failed to fetch' });
});

test('our own origin is asked nothing, unless the body may not be what its integrity says', async () => {
  const own = await name(new Request('https://app.test/orders', { method: 'POST' }), true);
  expect(own).toMatchObject({ end: { kind: 'network-error' }, asked: [] });
  const integrity = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
  const checked = await name(new Request('https://app.test/orders', { integrity }), true);
  expect(checked.end).toMatchObject({ kind: 'blocked', by: 'integrity' });
});

test('what was to come from the cache alone asks nobody', async () => {
  const request = new Request('https://app.test/a', { cache: 'only-if-cached', mode: 'same-origin' });
  expect(await name(request, true)).toMatchObject({ end: { kind: 'blocked', by: 'cache' }, asked: [] });
});
