import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from './connect.js';
import { openPage } from './page.js';
import type { Sluice } from './sluice.js';

vi.mock('./page.js', async () => {
  const { Snapshots } = await import('./snapshots.js');
  const beginPage = () => {
    const world = { notify: { listen: () => () => undefined } };
    return { snapshots: new Snapshots(world as never, {} as never), closing: new AbortController() };
  };
  return { beginPage, openPage: vi.fn() };
});

const options = {
  serviceWorker: false,
  worker: () => {
    throw new Error('nor a worker');
  },
} as const;

beforeEach(() => {
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('addEventListener', () => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test('on a server it rejects, says where it belongs, and starts nothing', async () => {
  vi.unstubAllGlobals();
  const warned = vi.spyOn(console, 'warn');
  await expect(connect('/sluice.js')).rejects.toMatchObject({
    code: 'wrong-context',
    message: expect.stringMatching(/in an effect or onMount/),
  });
  expect(warned).not.toHaveBeenCalled();
});

test('a worker() that throws is told as a worker that did not start', async () => {
  const warned = vi.spyOn(console, 'warn').mockReturnValue(undefined);
  vi.mocked(openPage).mockResolvedValueOnce({} as Sluice);
  await connect({ ...options, name: 'without a worker' });
  expect(warned).toHaveBeenCalledWith(expect.stringMatching(/worker-failed: .*nor a worker/));
});

test('a connection that failed is not the answer to the next call', async () => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  const sluice = {} as Sluice;
  vi.mocked(openPage).mockRejectedValueOnce(new Error('not today')).mockResolvedValueOnce(sluice);
  await expect(connect(options)).rejects.toThrow('not today');
  expect(await connect(options)).toBe(sluice);
  expect(await connect(options)).toBe(sluice);
});

test('a connection that is closed again leaves the newer one of its name', async () => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  vi.mocked(openPage).mockImplementation(async ({ onClose }) => ({ close: async () => onClose() }) as Sluice);
  const named = { ...options, name: 'shop' };
  const older = await connect(named);
  await older.close();
  const newer = await connect(named);
  await older.close();
  expect(await connect(named)).toBe(newer);
  await newer.close();
  expect(await connect(named)).not.toBe(newer);
});
