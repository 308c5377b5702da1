import { beforeEach, expect, test, vi } from 'vitest';
import { SluiceError } from '../core/errors.js';
import type { QueueView } from '../core/queue-view.js';
import { testSluice } from '../testing/index.js';
import { createSnapshots, type Snapshots } from './snapshots.js';

let snapshots: Snapshots;

const code = () => snapshots.current.problem?.code;
const view = (depth: number) => ({ depth }) as QueueView;

beforeEach(() => {
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  snapshots = createSnapshots();
});

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

test('of several problems the first that holds is told, and the next where it has ended', () => {
  snapshots.setProblem('worker', new SluiceError('worker-failed', 'it did not start'));
  snapshots.setProblem('control', new SluiceError('script-missing', 'it is not there'));
  expect(code()).toBe('script-missing');
  snapshots.setProblem('control', undefined);
  expect(code()).toBe('worker-failed');
  snapshots.setProblem('worker', undefined);
  expect(code()).toBeUndefined();
});

test('a wrong config is told before a script that did not run because of it', () => {
  snapshots.setProblem('control', new SluiceError('script-failed', 'it did not run'));
  snapshots.setProblem('worker', new SluiceError('config-invalid', 'rate is 0'));
  expect(code()).toBe('config-invalid');
});

test('the mode is off for as long as the host finds no storage', () => {
  const storage = { name: 'SluiceError', message: 'the disk is gone', code: 'storage-failed' as const };
  snapshots.take({ storage });
  expect([snapshots.current.mode, code()]).toEqual(['off', 'storage-failed']);
  snapshots.take({ storage: null });
  expect([snapshots.current.mode, code()]).toEqual(['page-only', undefined]);
});

test('a snapshot is the same until something has changed, and so is each queue in it', () => {
  const told = vi.fn();
  snapshots.subscribe(told);
  snapshots.take({ queues: { orders: view(1), notes: view(2) }, depth: 3 });
  const { current } = snapshots;
  snapshots.take({ queues: { orders: view(1) }, depth: 3 });
  snapshots.take({});
  expect(snapshots.current).toBe(current);
  snapshots.take({ queues: { orders: view(2) }, depth: 4 });
  expect(snapshots.current.queues).toMatchObject({ orders: { depth: 2 }, notes: { depth: 2 } });
  expect(Object.entries(snapshots.current.queues)[1]?.[1]).toBe(Object.entries(current.queues)[1]?.[1]);
  expect(told).toHaveBeenCalledTimes(2);
});

test('a queue that is gone is not in the snapshot any more', () => {
  snapshots.take({ queues: { orders: view(1) }, depth: 1 });
  snapshots.take({ queues: {}, depth: 0, isWhole: true });
  expect(snapshots.current).toMatchObject({ queues: {}, depth: 0 });
  expect(Object.keys(snapshots.current.queues)).toEqual([]);
});
