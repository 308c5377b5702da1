import { beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../core/views.js';
import type { Database } from '../store/rows.js';
import { createHub } from '../testing/hub.js';
import { Bench } from './engine.kit.js';
import { createSealingKeys } from './sealing-key.js';
import { Watch } from './settled.js';

let bench: Bench;
let looks: number;
let isBroken: boolean;

beforeEach(() => {
  bench = new Bench();
  looks = 0;
  isBroken = false;
});

/** Counts how often it looks into storage. */
function watchOver({ deaf = false } = {}): Watch {
  const database: Database = {
    ...bench.database,
    run: (plan, work) => {
      looks += 1;
      return isBroken ? Promise.reject(new Error('disk')) : bench.database.run(plan, work);
    },
  };
  const { clock } = bench;
  const notify = deaf ? createHub()() : bench.notify;
  return new Watch({ database, clock, notify, sealingKey: createSealingKeys(database, notify) });
}

function collect(watch: Watch, tickets: readonly string[]): Outcome['kind'][] {
  const kinds: Outcome['kind'][] = [];
  for (const ticket of tickets) void watch.settled(ticket).then(({ kind }) => kinds.push(kind));
  return kinds;
}

test('a burst that waits is looked at together, a hundred at once', async () => {
  collect(watchOver(), await bench.enqueue(250));
  await bench.clock.advance(0);
  expect(looks).toBe(3);
});

test('while thousands wait, looks come four a second, however many they are', async () => {
  collect(watchOver(), await bench.enqueue(5000));
  await bench.clock.advance(0);
  looks = 0;
  await bench.clock.advance(10_000);
  expect(looks).toBe(40);
});

test('an end is known at once by its hint, and costs one look', async () => {
  const kinds = collect(watchOver(), await bench.enqueue(1));
  await bench.clock.advance(0);
  bench.start();
  await bench.clock.advance(100);
  expect(kinds).toEqual(['done']);
  expect(looks).toBe(2);
});

test('each end whose hint was lost is found within five seconds', async () => {
  const kinds = collect(watchOver({ deaf: true }), await bench.enqueue(150, { adaptive: false }));
  bench.start();
  await bench.clock.advance(1000);
  expect(kinds).toEqual([]);
  await bench.clock.advance(4500);
  expect(kinds).toHaveLength(150);
});

test('storage that fails in between is waited out; at the first look it is said', async () => {
  const watch = watchOver();
  const [ticket = ''] = await bench.enqueue(1);
  const kinds = collect(watch, [ticket]);
  await bench.clock.advance(0);
  isBroken = true;
  await expect(watch.settled('orders.9.other')).rejects.toThrow('disk');
  bench.start();
  await bench.clock.advance(6000);
  isBroken = false;
  await bench.clock.advance(5000);
  expect(kinds).toEqual(['done']);
});

test('once nobody waits any more, nothing is looked at', async () => {
  const watch = watchOver();
  const stop = new AbortController();
  const [ticket = ''] = await bench.enqueue(1);
  void watch.settled(ticket, stop.signal);
  await bench.clock.advance(0);
  stop.abort();
  looks = 0;
  await bench.clock.advance(60_000);
  expect(looks).toBe(0);
});

test('once it is closed, storage is left alone', async () => {
  const watch = watchOver();
  collect(watch, await bench.enqueue(3));
  await bench.clock.advance(0);
  watch.close();
  looks = 0;
  bench.start();
  await bench.clock.advance(60_000);
  expect(looks).toBe(0);
});

test('what nobody has heard of has an end: unknown', async () => {
  expect(await watchOver().settled('orders.9.gone')).toEqual({ kind: 'unknown', ticket: 'orders.9.gone' });
});
