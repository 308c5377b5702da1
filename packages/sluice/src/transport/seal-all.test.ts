import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Answer, Stored } from '../core/job.js';
import { createSealingKey } from './cipher.js';
import { hideKeys, openAnswer, openStored, sealAll, sealAnswer } from './seal-all.js';

let cryptoKey: CryptoKey;
beforeAll(async () => {
  cryptoKey = await createSealingKey();
});

const key = () => Promise.resolve([cryptoKey] as const);
const place = { idempotencyKey: 'key-1' };
const headers = fc.array(fc.tuple(fc.constantFrom('X-A', '__proto__', 'Authorization'), fc.string()));
const body = fc.option(
  fc.uint8Array({ minLength: 1 }).map((bytes) => new Uint8Array(bytes).buffer),
  { nil: undefined },
);

const stored = (path: string, pairs: [string, string][], content: ArrayBuffer | undefined): Stored => ({
  request: {
    url: `https://example.test/${encodeURIComponent(path)}`,
    method: 'POST',
    headers: pairs,
    secrets: { kind: 'none' },
    mode: 'cors',
    credentials: 'same-origin',
    cache: 'default',
    redirect: 'follow',
    referrer: 'https://example.test/form',
    referrerPolicy: '',
    integrity: '',
  },
  body: content,
});

test('what was sealed as a whole opens as it was, whatever it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), headers, body, async (path, pairs, content) => {
      const clear = stored(path, pairs, content);
      expect(await openStored(await sealAll(clear, place, key), place, key)).toEqual(clear);
    }),
    { numRuns: 200 },
  );
});

test('nothing of it stands in clear but the method, the origin and how it is sent', async () => {
  const content = new TextEncoder().encode('canary').buffer;
  const sealed = await sealAll(stored('canary', [['X-Canary', 'canary']], content), place, key);
  expect(sealed.request).toMatchObject({
    url: 'https://example.test/',
    headers: [],
    referrer: 'about:client',
  });
  expect(textOf(sealed)).not.toMatch(/canary/i);
});

test('a changed bit, another place or another key does not open', async () => {
  const sealed = await sealAll(stored('a', [], new ArrayBuffer(4)), place, key);
  const refused = { name: expect.stringMatching(/./) as string };
  await expect(openStored(sealed, { idempotencyKey: 'key-2' }, key)).rejects.toMatchObject(refused);
  const other = await createSealingKey();
  await expect(openStored(sealed, place, async () => [other])).rejects.toMatchObject(refused);
  new Uint8Array(sealed.body as ArrayBuffer)[20]! ^= 1;
  await expect(openStored(sealed, place, key)).rejects.toMatchObject(refused);
});

test.each([
  { method: 'DELETE' },
  { mode: 'no-cors' },
  { credentials: 'include' },
  { redirect: 'manual' },
  { cache: 'force-cache' },
  { referrerPolicy: 'unsafe-url' },
  { url: 'https://evil.test/' },
])('what stands in clear belongs to the seal: with %o it does not open', async (change) => {
  const sealed = await sealAll(stored('a', [], undefined), place, key);
  const changed = { ...sealed, request: { ...sealed.request, ...change } };
  await expect(openStored(changed, place, key)).rejects.toMatchObject({ code: 'request-unreadable' });
});

test('an answer keeps its status alone in clear', async () => {
  await fc.assert(
    fc.asyncProperty(headers, body, fc.boolean(), async (pairs, content, bodyOmitted) => {
      const common = { status: 201, statusText: 'Created canary', headers: pairs, bodyOmitted };
      const answer: Answer = { ...common, ...(content ? { body: content } : {}) };
      const sealed = await sealAnswer(answer, 'orders.1.n', key);
      expect(sealed).toMatchObject({ status: 201, statusText: '', headers: [] });
      expect(textOf(sealed)).not.toContain('canary');
      expect(await openAnswer(sealed, 'orders.1.n', key)).toEqual(answer);
      await expect(openAnswer(sealed, 'orders.2.n', key)).rejects.toThrow();
    }),
    { numRuns: 50 },
  );
});

test('keys that are compared stay equal where they were, and cannot be read', async () => {
  const [one, same, other] = await Promise.all([
    hideKeys({ orderingKey: 'canary', priority: 2 }),
    hideKeys({ orderingKey: 'canary', priority: 2 }),
    hideKeys({ orderingKey: 'another' }),
  ]);
  expect(one).toEqual(same);
  expect(one).toMatchObject({ priority: 2, orderingKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  expect(one?.orderingKey).not.toBe(other?.orderingKey);
});

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item instanceof ArrayBuffer ? new TextDecoder('latin1').decode(item) : item,
  );
}
