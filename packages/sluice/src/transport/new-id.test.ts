import { afterEach, expect, test, vi } from 'vitest';
import { newId } from './new-id.js';

const platform = globalThis.crypto;
const withoutHttps = { getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => platform.getRandomValues(bytes) };

afterEach(() => vi.unstubAllGlobals());

for (const [where, crypto] of [
  ['with HTTPS', platform],
  ['without it, where browsers have no randomUUID,', withoutHttps],
] as const) {
  test(`${where} an id is a UUID of version 4, and another each time`, () => {
    vi.stubGlobal('crypto', crypto);
    const ids = Array.from({ length: 100 }, newId);
    const form = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    for (const id of ids) expect(id).toMatch(form);
    expect(new Set(ids).size).toBe(100);
  });
}
