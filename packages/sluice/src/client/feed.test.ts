import { beforeEach, expect, test, vi } from 'vitest';
import { SluiceError } from '../core/errors.js';
import type { News, NewsRequest } from '../core/messages.js';
import { createFeed, type Feed } from './feed.js';
import { createSnapshots } from './snapshots.js';

let asked: NewsRequest[];
let answers: ((news: News) => void)[];
let fail: (error: Error) => void;
let feed: Feed;
let closing: AbortController;
let now: number;
let pauses: number;
let kept: string | null;

const nextCall = async (count: number): Promise<NewsRequest> => {
  await expect.poll(() => asked.length).toBe(count);
  return asked.at(-1) as NewsRequest;
};

beforeEach(() => {
  asked = [];
  answers = [];
  closing = new AbortController();
  now = 0;
  pauses = 0;
  kept = null;
  const ask = (_call: string, request: unknown): Promise<unknown> => {
    asked.push(request as NewsRequest);
    return new Promise((resolve, reject) => {
      answers.push(resolve);
      fail = reject;
    });
  };
  const storage = { getItem: () => kept, setItem: (_key: string, value: string) => void (kept = value) };
  feed = createFeed({
    name: 'shop',
    world: { clock: { now: () => now, at: () => () => undefined }, storage: () => storage },
    ask,
    snapshots: createSnapshots(),
    due: async () => void (pauses += 1),
    closing: closing.signal,
  });
});

test('what is waited for is told once, and to the next host all over again', async () => {
  const one = feed.settled('orders.1.n');
  expect(await nextCall(1)).toMatchObject({ isNew: true, waits: [{ ticket: 'orders.1.n' }] });
  answers.at(-1)?.({});
  expect(await nextCall(2)).toMatchObject({ isNew: false, waits: [] });
  void feed.settled('orders.2.n');
  expect(await nextCall(3)).toMatchObject({ isNew: false, waits: [{ ticket: 'orders.2.n' }] });
  fail(new SluiceError('host-gone', 'it ended'));
  const again = await nextCall(4);
  expect(again).toMatchObject({ isNew: true, waits: [{ ticket: 'orders.1.n' }, { ticket: 'orders.2.n' }] });
  answers.at(-1)?.({
    ends: [{ id: again.waits[0]?.id ?? 0, outcome: { kind: 'unknown', ticket: 'orders.1.n' } }],
  });
  expect(await one).toEqual({ kind: 'unknown', ticket: 'orders.1.n' });
  expect(pauses).toBe(0);
});

test('a host that knows nothing of the page is told all, after a pause', async () => {
  void feed.settled('orders.1.n');
  await nextCall(1);
  answers.at(-1)?.({});
  await nextCall(2);
  answers.at(-1)?.({ isUnknown: true });
  expect(await nextCall(3)).toMatchObject({ isNew: true, waits: [{ ticket: 'orders.1.n' }] });
  expect(pauses).toBe(1);
});

test('many that are waited for in one go are one call', async () => {
  for (let i = 0; i < 100; i++) void feed.settled(`orders.${i}.n`);
  expect((await nextCall(1)).waits).toHaveLength(100);
});

test('an end that failed rejects by its code', async () => {
  const one = feed.settled('orders.1.n');
  const { waits } = await nextCall(1);
  const error = { name: 'SluiceError', message: 'no storage', code: 'storage-failed' as const };
  answers.at(-1)?.({ ends: [{ id: waits[0]?.id ?? 0, error }] });
  await expect(one).rejects.toMatchObject({ code: 'storage-failed' });
});

test('a page without a host asks again after a pause, and is open all the same', async () => {
  feed.renew();
  await nextCall(1);
  fail(new SluiceError('no-answer', 'there is no worker to ask'));
  await feed.opened;
  await nextCall(2);
  expect(pauses).toBe(1);
});

test('views are asked for while something subscribes, or has just read them', async () => {
  feed.renew();
  expect(await nextCall(1)).toMatchObject({ isWatching: false });
  feed.snapshot();
  expect(await nextCall(2)).toMatchObject({ isWatching: true });
  now = 6000;
  answers.at(-1)?.({});
  expect(await nextCall(3)).toMatchObject({ isWatching: false });
  const stop = feed.subscribe(() => undefined);
  expect(await nextCall(4)).toMatchObject({ isWatching: true });
  stop();
  answers.at(-1)?.({});
  expect(await nextCall(5)).toMatchObject({ isWatching: false });
});

test('a hidden page is told of no view, unless it reads its snapshot', async () => {
  vi.stubGlobal('document', { visibilityState: 'hidden' });
  now = 10_000;
  feed.subscribe(() => undefined);
  expect(await nextCall(1)).toMatchObject({ isWatching: false });
  feed.snapshot();
  expect(await nextCall(2)).toMatchObject({ isWatching: true });
  vi.unstubAllGlobals();
});

test('events are asked for by type, while something listens to them', async () => {
  const told = vi.fn();
  const stop = feed.on('done', told);
  expect(await nextCall(1)).toMatchObject({ types: ['done'] });
  const event = { type: 'done', queue: 'orders', ticket: 'orders.1.n', status: 200 } as const;
  answers.at(-1)?.({ events: [event] });
  await nextCall(2);
  expect(told.mock.calls).toEqual([[event]]);
  stop();
  answers.at(-1)?.({});
  expect(await nextCall(3)).toMatchObject({ types: [] });
});

test('what is to be remembered of the storage is, and is told to each host', async () => {
  feed.renew();
  await nextCall(1);
  answers.at(-1)?.({ mark: 'seven' });
  expect(await nextCall(2)).toMatchObject({ mark: 'seven' });
});

test('a page that is closed asks no more', async () => {
  feed.renew();
  await nextCall(1);
  closing.abort(new SluiceError('closed', 'it was closed'));
  fail(new SluiceError('closed', 'it was closed'));
  await new Promise(setImmediate);
  expect(asked).toHaveLength(1);
});
