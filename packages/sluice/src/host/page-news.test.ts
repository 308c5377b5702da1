import { beforeEach, expect, test } from 'vitest';
import type { News, NewsRequest } from '../core/messages.js';
import type { Notify } from '../core/ports.js';
import { createSealingKeys } from '../drain/sealing-key.js';
import { Watch } from '../drain/settled.js';
import { openMemory } from '../store/memory.js';
import type { Database } from '../store/rows.js';
import { answered, StoreBench, T0 } from '../store/store.kit.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { PageNews } from './page-news.js';

let bench: StoreBench;
let clock: FakeClock;
let notify: Notify;
let news: PageNews;
let open: () => PageNews;
let looks: number;
/** Makes storage fail, or holds a look up. */
let before: () => Promise<void>;

const ASKED: NewsRequest = {
  page: 'p',
  isNew: false,
  isVisible: true,
  isWatching: true,
  mark: null,
  types: [],
  waits: [],
};

beforeEach(async () => {
  bench = new StoreBench(openMemory());
  clock = new FakeClock(T0);
  notify = createHub()();
  looks = 0;
  before = async () => undefined;
  const run: Database['run'] = async (plan, work) => {
    looks += 1;
    await before();
    return bench.database.run(plan, work);
  };
  const database = { ...bench.database, run };
  const world = { database, notify, clock, chance: () => 0.5 };
  const watch = new Watch({ ...world, sealingKey: createSealingKeys(database, notify) });
  open = () => new PageNews(world, watch);
  news = open();
});

/** What the page hears within `ms`, a call after the other. */
async function heard(ms: number, asked: Partial<NewsRequest> = {}): Promise<News[]> {
  const all: News[] = [];
  let isOver = false;
  let mark = asked.mark ?? null;
  const follow = async (more: Partial<NewsRequest>): Promise<void> => {
    const told = await news.ask({ ...ASKED, ...more, mark });
    if (isOver) return;
    all.push(told);
    mark = told.mark ?? mark;
    await follow({ ...asked, isNew: false, waits: [] });
  };
  void follow(asked);
  await clock.advance(ms);
  isOver = true;
  return all.filter((one) => Object.keys(one).length > 0);
}

const changed = (): void => notify.tell([{ type: 'nudged', queue: 'orders' }]);

async function freeze(): Promise<void> {
  await bench.ticket();
  const { claims } = await bench.turn(T0);
  await bench.settle(T0, claims, answered(429, { notBeforeMs: 30_000 }));
}

test('the first call is told all that stands, also where nothing does', async () => {
  expect(await Promise.race([news.ask({ ...ASKED, isNew: true }), clock.advance(100)])).toMatchObject({
    storage: null,
  });
});

test('what has changed is told, and nothing else', async () => {
  await bench.ticket();
  await heard(100, { isNew: true });
  changed();
  expect(await heard(1000)).toEqual([]);
  await bench.ticket();
  changed();
  const [first, ...rest] = await heard(1000);
  expect(first).toMatchObject({ queues: { orders: { depth: 2 } }, depth: 2 });
  expect(rest.filter(({ queues }) => queues)).toEqual([]);
});

test('the last change of many is told, and a frame has one answer at most', async () => {
  await heard(100, { isNew: true });
  const following = heard(1000);
  for (let i = 0; i < 50; i++) {
    await bench.ticket();
    changed();
  }
  const told = (await following).filter(({ queues }) => queues);
  expect(told.at(-1)?.queues).toMatchObject({ orders: { depth: 50 } });
  expect(told.length).toBeLessThan(4);
});

test('a page that watches nothing is told of no view, and its storage is looked at once a second at most', async () => {
  await heard(100, { isNew: true, isWatching: false });
  looks = 0;
  const following = heard(5000, { isWatching: false });
  for (let i = 0; i < 50; i++) {
    await bench.ticket();
    changed();
    await Promise.resolve();
  }
  expect((await following).filter(({ queues }) => queues)).toEqual([]);
  expect(looks).toBeLessThan(20);
  expect(await heard(100)).toMatchObject([{ queues: { orders: { depth: 50 } } }]);
});

test('a page that is shown again has the engine look: a probe may be due', async () => {
  const told: string[] = [];
  notify.listen((events) => told.push(...events.map(({ type }) => type)));
  await heard(100, { isNew: true, isVisible: false });
  expect(told).toEqual([]);
  await heard(100, { isVisible: true });
  expect(told).toEqual(['nudged']);
});

test('nothing is read while the page does not ask', async () => {
  await heard(100, { isNew: true });
  void news.ask({ ...ASKED, types: ['identified'] });
  notify.tell([{ type: 'identified' }]);
  await clock.advance(60_000);
  looks = 0;
  changed();
  await clock.advance(60_000);
  expect(looks).toBe(0);
});

test('a freeze is told until it is over, though no hint says so', async () => {
  await freeze();
  expect(await heard(100, { isNew: true })).toMatchObject([
    { queues: { orders: { status: { kind: 'frozen' } } } },
  ]);
  const told = await heard(60_000);
  expect(told.findLast(({ queues }) => queues)?.queues?.['orders']?.status.kind).not.toBe('frozen');
});

test('storage that is gone is told until a look finds it again, and one look that fails is not', async () => {
  await bench.ticket();
  await heard(100, { isNew: true });
  before = () => Promise.reject(new Error('the disk is gone'));
  changed();
  expect(await heard(50)).toEqual([]);
  expect(await heard(1500)).toMatchObject([{ storage: { code: 'storage-failed' } }]);
  before = async () => undefined;
  expect(await heard(1500)).toMatchObject([{ storage: null }]);
});

test('storage that fails at the first look is told at once', async () => {
  before = () => Promise.reject(new Error('storage is forbidden here'));
  expect(await heard(10, { isNew: true })).toMatchObject([{ storage: { code: 'storage-failed' } }]);
});

test('an end that is waited for is told at once, also to a page that watches nothing', async () => {
  const ticket = await bench.ticket();
  await heard(100, { isNew: true, isWatching: false });
  const { claims } = await bench.turn(T0);
  const asked = news.ask({ ...ASKED, isWatching: false, waits: [{ id: 1, ticket, isBrief: false }] });
  notify.tell(
    await bench
      .settle(T0, claims, answered(200))
      .then(() => [{ type: 'done', queue: 'orders', ticket, status: 200 }]),
  );
  expect(await asked).toMatchObject({ ends: [{ id: 1, outcome: { kind: 'done' } }] });
});

test('events that are listened to are told, and no others', async () => {
  await heard(100, { isNew: true });
  const following = heard(100, { types: ['paused'] });
  notify.tell([
    { type: 'paused', queue: 'orders' },
    { type: 'resumed', queue: 'orders' },
  ]);
  const events = (await following).flatMap((one) => one.events ?? []);
  expect(events).toEqual([{ type: 'paused', queue: 'orders' }]);
});

test('a newer call ends the one before, and is told what that was not', async () => {
  await heard(100, { isNew: true });
  const first = news.ask(ASKED);
  const second = news.ask({ ...ASKED, types: ['paused'] });
  expect(await first).toEqual({});
  notify.tell([{ type: 'paused', queue: 'orders' }]);
  expect(await second).toMatchObject({ events: [{ type: 'paused' }] });
});

test('a queue that vanished is missed by what the page remembers', async () => {
  await bench.ticket();
  const [first] = await heard(100, { isNew: true });
  expect(JSON.parse(first?.mark ?? '')).toMatchObject({ depth: 1 });
  const mark = JSON.stringify({ born: 'another', depth: 7 });
  news = open();
  const told = await heard(2000, { isNew: true, mark });
  expect(told.flatMap(({ lost }) => lost ?? [])).toEqual([7]);
});

test('a page that is closed is looked for no more', async () => {
  await heard(100, { isNew: true });
  void news.ask(ASKED);
  news.close();
  looks = 0;
  changed();
  await clock.advance(60_000);
  expect(looks).toBe(0);
});
