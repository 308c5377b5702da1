import { expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import { withKey } from './idempotency.js';

const policy = { header: 'Idempotency-Key', format: 'quoted', crossOrigin: false } as const;
const key = (isOwnOrigin: boolean) => ({ value: 'k-1', isOwnOrigin });

test('a key goes to the own origin, as an RFC 9651 string', () => {
  expect(withKey(storedPost(), key(true), policy)).toContainEqual(['Idempotency-Key', '"k-1"']);
});

test('a key goes to another origin only where the queue names its header', () => {
  const names = (crossOrigin: boolean) =>
    withKey(storedPost(), key(false), { ...policy, crossOrigin }).map(([name]) => name);
  expect(names(false)).not.toContain('Idempotency-Key');
  expect(names(true)).toContain('Idempotency-Key');
});

test('a key that the app has set stays as it is', () => {
  const request = { ...storedPost(), headers: [['idempotency-key', 'own']] as [string, string][] };
  expect(withKey(request, key(true), policy)).toEqual([['idempotency-key', 'own']]);
});

test('a no-cors request carries none, since the browser would drop it', () => {
  expect(withKey({ ...storedPost(), mode: 'no-cors' }, key(true), policy)).toEqual(storedPost().headers);
});

test('a request that only reads has none, unless the queue names the header', () => {
  const named = { ...policy, crossOrigin: true };
  for (const method of ['GET', 'HEAD']) {
    const request = { ...storedPost(), method };
    expect(withKey(request, key(true), policy)).toEqual(storedPost().headers);
    expect(withKey(request, key(true), named)).toContainEqual(['Idempotency-Key', '"k-1"']);
  }
});
