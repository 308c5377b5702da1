import { afterEach, expect, test, vi } from 'vitest';
import { connect } from './connect.js';
import { openPage } from './page.js';
import type { Sluice } from './sluice.js';

vi.mock('./page.js', () => ({ openPage: vi.fn() }));

afterEach(() => vi.restoreAllMocks());

test('a connection that failed is not the answer to the next call', async () => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  const sluice = {} as Sluice;
  vi.mocked(openPage).mockRejectedValueOnce(new Error('not today')).mockResolvedValueOnce(sluice);
  const options = {
    serviceWorker: false,
    worker: () => {
      throw new Error('nor a worker');
    },
  } as const;
  await expect(connect(options)).rejects.toThrow('not today');
  expect(await connect(options)).toBe(sluice);
  expect(await connect(options)).toBe(sluice);
});
