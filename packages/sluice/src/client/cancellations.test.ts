import { getEventListeners } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import type { Notify } from '../core/ports.js';
import { createHub } from '../testing/hub.js';
import { createCancellations } from './cancellations.js';

const TICKETS = ['orders.1.n', 'orders.2.n', 'orders.3.n'] as const;

let notify: Notify;
let caller: AbortController;
let cancelled: string[];
let cancelOnAbort: ReturnType<typeof createCancellations>;

beforeEach(() => {
  notify = createHub()();
  caller = new AbortController();
  cancelled = [];
  cancelOnAbort = createCancellations(notify, async (ticket) => {
    cancelled.push(ticket);
    throw new Error('it is on its way');
  });
});

const listeners = () => getEventListeners(caller.signal, 'abort').length;

test('jobs that have ended, however they did, let go of the signal that they had in common', async () => {
  for (const ticket of TICKETS) await cancelOnAbort(ticket, caller.signal);
  expect(listeners()).toBe(3);
  notify.tell([
    { type: 'done', queue: 'orders', ticket: TICKETS[0], status: 200 },
    { type: 'dead', queue: 'orders', ticket: TICKETS[1], reason: 'rejected', detail: '422' },
    { type: 'cancelled', queue: 'orders', ticket: TICKETS[2], reason: 'user' },
  ]);
  expect(listeners()).toBe(0);
});

test('an abort cancels what has not ended, and nothing else', async () => {
  for (const ticket of TICKETS) await cancelOnAbort(ticket, caller.signal);
  notify.tell([
    { type: 'attempt', queue: 'orders', ticket: TICKETS[0], attempt: 1, at: 0 },
    { type: 'done', queue: 'orders', ticket: TICKETS[1], status: 200 },
  ]);
  caller.abort();
  expect(cancelled).toEqual([TICKETS[0], TICKETS[2]]);
});

test('each of two callers who wait for one job may cancel it', async () => {
  const other = new AbortController();
  await cancelOnAbort(TICKETS[0], other.signal);
  await cancelOnAbort(TICKETS[0], caller.signal);
  other.abort();
  caller.abort();
  expect(cancelled).toEqual([TICKETS[0], TICKETS[0]]);
});

test('what was aborted meanwhile is cancelled at once, and says so', async () => {
  caller.abort();
  await expect(cancelOnAbort(TICKETS[0], caller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  expect(cancelled).toEqual([TICKETS[0]]);
});
