import { afterEach, expect, test, vi } from 'vitest';
import { createSealingKey } from './cipher.js';

afterEach(() => vi.unstubAllGlobals());

test('without HTTPS, where there is no cipher, no key is made, and the code says why', async () => {
  vi.stubGlobal('crypto', {});
  await expect(createSealingKey()).rejects.toMatchObject({ code: 'insecure-context' });
});
