import { expect, test } from 'vitest';
import type { Arrival } from './arrival.js';
import { createWorkDone } from './idempotency.js';

const FIRST = { method: 'POST', url: '/api/orders?from=a', idempotencyKey: 'k1' } as Arrival;
const work = { arrival: FIRST, fixed: undefined };

test('finds the work under the same key, method and path, whatever the query', () => {
  const done = createWorkDone();
  done.keep(work);
  expect(done.find({ ...FIRST, url: '/api/orders?from=b' })).toBe(work);
});

test.each([
  ['another key', { idempotencyKey: 'k2' }],
  ['another method', { method: 'PUT' }],
  ['another path', { url: '/api/order' }],
  ['no key', { idempotencyKey: undefined }],
])('does not find it under %s', (_, change) => {
  const done = createWorkDone();
  done.keep(work);
  expect(done.find({ ...FIRST, ...change })).toBeUndefined();
});

test('keeps no work without a key', () => {
  const done = createWorkDone();
  const keyless = { ...FIRST, idempotencyKey: undefined };
  done.keep({ arrival: keyless, fixed: undefined });
  expect(done.find(keyless)).toBeUndefined();
});

test('keeps the first of two', () => {
  const done = createWorkDone();
  done.keep(work);
  done.keep({ arrival: { ...FIRST, n: 2 }, fixed: undefined });
  expect(done.find(FIRST)).toBe(work);
});
