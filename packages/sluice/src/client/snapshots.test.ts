import { beforeEach, expect, test, vi } from 'vitest';
import { SluiceError } from '../core/errors.js';
import type { QueueView } from '../core/queue-view.js';
import { openMemory } from '../store/memory.js';
import type { Database } from '../store/rows.js';
import { answered, StoreBench, T0 } from '../store/store.kit.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { testSluice } from '../testing/index.js';
import { type PageState, Snapshots } from './snapshots.js';

beforeEach(() => void vi.spyOn(console, 'warn').mockReturnValue(undefined));

test('a freeze is shown until it is over, and no longer: also of a queue with nothing left to send', async () => {
  const orders = { match: ({ method }: { method: string }) => method === 'POST' };
  const { sluice, clock } = await testSluice(
    { queues: { orders } },
    { fetch: () => new Response(null, { status: 429, headers: { 'Retry-After': '30' } }) },
  );
  const request = new Request('https://app.test/orders', { method: 'POST', body: 'x' });
  const [receipt] = await sluice.enqueue([request]);
  await clock.advance(1000);
  await sluice.cancel(receipt?.ticket ?? '');
  await clock.advance(1000);
  expect(sluice.snapshot().queues.orders).toMatchObject({ depth: 0, status: { kind: 'frozen' } });
  let redraws = 0;
  sluice.subscribe(() => (redraws += 1));
  await clock.advance(60_000);
  expect(sluice.snapshot().queues.orders).toMatchObject({ status: { kind: 'idle' } });
  expect(redraws).toBe(1);
});

/** A picture of a freeze that ends thirty seconds after `T0`, and a way to make storage fail, or to hold a look up. */
async function frozenPicture() {
  const bench = new StoreBench(openMemory());
  await bench.ticket();
  const { claims } = await bench.turn(T0);
  await bench.settle(T0, claims, answered(429, { notBeforeMs: 30_000 }));
  const clock = new FakeClock(T0);
  let before = async (): Promise<void> => undefined;
  const run: Database['run'] = async (plan, work) => {
    await before();
    return bench.database.run(plan, work);
  };
  const world = { database: { ...bench.database, run }, notify: createHub()(), clock };
  const snapshots = new Snapshots(world, { mode: 'page-only' } as PageState);
  await snapshots.refresh();
  const kind = () => (snapshots.current.queues as Record<string, QueueView>)['orders']?.status.kind;
  return { clock, snapshots, kind, meet: (next: () => Promise<void>) => (before = next) };
}

test('a look that fails as a freeze ends is made again', async () => {
  const { clock, kind, meet } = await frozenPicture();
  expect(kind()).toBe('frozen');
  meet(() => Promise.reject(new Error('the disk is gone')));
  await clock.advance(60_000);
  expect(kind()).toBe('frozen');
  meet(async () => undefined);
  await clock.advance(1000);
  expect(kind()).not.toBe('frozen');
});

test('a look that ends after the page has let go sets no timer', async () => {
  const { clock, snapshots, meet } = await frozenPicture();
  let goOn = (): void => undefined;
  meet(() => new Promise((resolve) => (goOn = resolve)));
  const look = snapshots.refresh();
  snapshots.close();
  goOn();
  await look;
  let looks = 0;
  meet(async () => void (looks += 1));
  await clock.advance(60_000);
  expect(looks).toBe(0);
});

test('storage that is gone is a problem until a look finds it again, and one look that fails is none', async () => {
  const { clock, snapshots, meet } = await frozenPicture();
  const now = () => [snapshots.current.mode, snapshots.current.problem?.code];
  meet(() => Promise.reject(new Error('the disk is gone')));
  await snapshots.refresh();
  expect(now()).toEqual(['page-only', undefined]);
  await clock.advance(1000);
  expect(now()).toEqual(['off', 'storage-failed']);
  meet(async () => undefined);
  await clock.advance(1000);
  expect(now()).toEqual(['page-only', undefined]);
});

test('of several problems the first that holds is told, and the next where it has ended', async () => {
  const { snapshots } = await frozenPicture();
  const code = () => snapshots.current.problem?.code;
  snapshots.setProblem('worker', new SluiceError('worker-failed', 'it did not start'));
  snapshots.setProblem('control', new SluiceError('script-missing', 'it is not there'));
  expect(code()).toBe('script-missing');
  snapshots.setProblem('control', undefined);
  expect(code()).toBe('worker-failed');
  snapshots.setProblem('worker', undefined);
  expect(code()).toBeUndefined();
});

test('a wrong config is told before a script that did not run because of it', async () => {
  const { snapshots } = await frozenPicture();
  snapshots.setProblem('control', new SluiceError('script-failed', 'it did not run'));
  snapshots.setProblem('worker', new SluiceError('config-invalid', 'rate is 0'));
  expect(snapshots.current.problem).toMatchObject({ code: 'config-invalid' });
});
