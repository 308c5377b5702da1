import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import type { HeaderPairs, StoredRequest } from '../core/job.js';
import { createSealingKey } from './cipher.js';
import { hideSecrets, isSecret, openContext, revealSecrets, sealContext } from './seal.js';

let cryptoKey: CryptoKey;
beforeAll(async () => {
  cryptoKey = await createSealingKey();
});

const key = () => Promise.resolve([cryptoKey] as const);
const request = (headers: HeaderPairs, url = 'https://example.test/a'): StoredRequest => ({
  ...storedPost(url),
  headers,
});
const seal = (headers: HeaderPairs) =>
  hideSecrets(request(headers), { mode: 'seal', extra: ['X-Api-Key'], key });

test('knows the headers that are secrets by nature and by wish, in any spelling', () => {
  const secrets = [
    'Authorization',
    'authorization',
    'Proxy-Authorization',
    'X-CSRF-Token',
    'x-xsrf-token',
    'x-api-key',
  ];
  expect(secrets.filter((name) => !isSecret(name, ['X-Api-Key']))).toEqual([]);
  expect(isSecret('Content-Type', [])).toBe(false);
});

test('what is sealed comes back in its place, whatever the names', async () => {
  const name = fc.constantFrom('Authorization', 'X-Api-Key', '__proto__', 'constructor', 'Accept', 'accept');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, fc.string()), { maxLength: 8 }), async (pairs) => {
      const sealed = await seal(pairs as HeaderPairs);
      expect(sealed.headers.some(([header]) => isSecret(header, ['X-Api-Key']))).toBe(false);
      expect((await revealSecrets(sealed, key)).headers).toEqual(pairs);
    }),
    { numRuns: 50 },
  );
});

test('asks for no key where there is nothing to seal', async () => {
  const noKey = () => Promise.reject(new Error('asked'));
  const plain = request([['Accept', '*/*']]);
  expect(await hideSecrets(plain, { mode: 'seal', extra: [], key: noKey })).toBe(plain);
});

test('what is dropped leaves its name alone', async () => {
  const dropped = await hideSecrets(request([['Authorization', 'Bearer x']]), {
    mode: 'drop',
    extra: [],
    key,
  });
  expect(dropped).toMatchObject({ headers: [], secrets: { kind: 'dropped', names: ['Authorization'] } });
  expect(JSON.stringify(dropped)).not.toContain('Bearer');
});

test('a flipped bit, or another request around it, does not open', async () => {
  const sealed = await seal([['Authorization', 'Bearer x']]);
  if (sealed.secrets.kind !== 'sealed') throw new Error('nothing was sealed');
  const moved = { ...sealed, url: 'https://example.test/b' };
  await expect(revealSecrets(moved, key)).rejects.toMatchObject({ code: 'request-unreadable' });
  const bytes = sealed.secrets.bytes.slice(0);
  new Uint8Array(bytes)[0]! ^= 1;
  const flipped = { ...sealed, secrets: { ...sealed.secrets, bytes } };
  await expect(revealSecrets(flipped, key)).rejects.toMatchObject({ code: 'request-unreadable' });
});

test('nothing that stands beside a seal opens it for another request', async () => {
  const { secrets, ...sealed } = await seal([['Authorization', 'Bearer x']]);
  const url = 'https://evil.test/b';
  for (const own of [{ place: 'POST https://example.test/a' }, { scope: 'origin' }]) {
    const moved = { ...sealed, url, secrets: { ...secrets, ...own } } as StoredRequest;
    await expect(revealSecrets(moved, key)).rejects.toMatchObject({ code: 'request-unreadable' });
  }
});

test('in a queue that rewrites, a seal belongs to method and origin, and to no other', async () => {
  const options = { mode: 'seal', extra: [], key, isRewritten: true } as const;
  const sealed = await hideSecrets(request([['Authorization', 'Bearer x']]), options);
  const rewritten = { ...sealed, url: 'https://example.test/a/7' };
  expect((await revealSecrets(rewritten, key)).headers).toEqual([['Authorization', 'Bearer x']]);
  for (const change of [{ url: 'https://evil.test/a' }, { method: 'DELETE' }])
    await expect(revealSecrets({ ...sealed, ...change }, key)).rejects.toMatchObject({
      code: 'request-unreadable',
    });
});

test('the key cannot leave the browser', async () => {
  await expect(crypto.subtle.exportKey('raw', cryptoKey)).rejects.toThrow();
});

test('a context comes back as it was handed over, and not in clear between', async () => {
  const sealed = await sealContext({ token: 'canary' }, cryptoKey);
  expect(
    new TextDecoder('latin1').decode(sealed.kind === 'sealed' ? sealed.bytes : new ArrayBuffer(0)),
  ).not.toContain('canary');
  expect(await openContext(sealed, cryptoKey)).toEqual({ token: 'canary' });
});
