import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from './connect.js';
import { openPage, type Page } from './page.js';

vi.mock('./page.js', async (original) => ({ ...(await original<object>()), openPage: vi.fn() }));

const options = {
  serviceWorker: false,
  worker: () => {
    throw new Error('nor a worker');
  },
} as const;

beforeEach(() => {
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('origin', 'https://app.test');
  vi.stubGlobal('addEventListener', () => undefined);
});

afterEach(() => {
  vi.mocked(openPage).mockReset();
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
  vi.mocked(openPage).mockResolvedValueOnce(pageWith(async () => undefined));
  await connect({ ...options, name: 'without a worker' });
  expect(warned).toHaveBeenCalledWith(expect.stringMatching(/worker-failed: .*nor a worker/));
});

test('a connection that failed is not the answer to the next call', async () => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  const page = pageWith(async () => undefined);
  vi.mocked(openPage).mockRejectedValueOnce(new Error('not today')).mockResolvedValueOnce(page);
  await expect(connect(options)).rejects.toThrow('not today');
  expect((await connect(options)).mode).toBe('page-only');
  expect((await connect(options)).mode).toBe('page-only');
  expect(openPage).toHaveBeenCalledTimes(2);
});

function pageWith(close: () => Promise<void>): Page {
  const settled = async () => ({ kind: 'unknown' });
  return { close, feed: { settled }, snapshots: { current: { mode: 'page-only' } } } as unknown as Page;
}

/** A page that counts how often it is closed. */
function closablePage(): { closed: () => number } {
  const close = vi.fn(async () => undefined);
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  vi.mocked(openPage).mockImplementation(async () => pageWith(close));
  return { closed: () => close.mock.calls.length };
}

test('a connection that is closed again leaves the newer one of its name', async () => {
  const { closed } = closablePage();
  const named = { ...options, name: 'shop' };
  const older = await connect(named);
  await older.close();
  const newer = await connect(named);
  await older.close();
  expect(closed()).toBe(1);
  expect(await newer.settled('t')).toEqual({ kind: 'unknown' });
});

test('each connect has a handle of its own: an effect that is cleaned up and runs again is connected', async () => {
  const { closed } = closablePage();
  const named = { ...options, name: 'strict' };
  const first = connect(named);
  void first.then((sluice) => sluice.close());
  const second = await connect(named);
  await (await first).close();
  expect(closed()).toBe(0);
  await expect((await first).settled('t')).rejects.toMatchObject({ code: 'closed' });
  expect(await second.settled('t')).toEqual({ kind: 'unknown' });
  await second.close();
  await second.close();
  expect(closed()).toBe(1);
});
