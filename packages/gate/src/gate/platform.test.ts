import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test('a platform without Node makes the same hashes and signatures', async () => {
  const data = new TextEncoder().encode('a body');
  const { PLATFORM: node } = await import('./platform.js');
  vi.stubGlobal('process', undefined);
  vi.resetModules();
  const { PLATFORM: edge } = await import('./platform.js');
  expect(await edge.digest(data)).toBe(await node.digest(data));
  expect(await edge.mac('a secret', 'text')).toBe(await node.mac('a secret', 'text'));
});
