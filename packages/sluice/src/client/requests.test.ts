import { beforeEach, expect, test, vi } from 'vitest';
import type { Intake } from '../core/messages.js';
import { openMemory } from '../store/memory.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import type { Controls } from './controls.js';
import { createRequests, type Desk, NOBODY, type Requests } from './requests.js';

const accepted = (ticket: string): Intake => ({
  kind: 'accepted',
  receipt: { ticket, queue: 'orders', state: 'waiting', depth: 1, estimatedStartAt: null },
  parts: { status: 202, headers: [], body: null },
  holdMs: 0,
});

const place = { method: 'POST', body: 'an order' };
const notify = createHub()();
let cancel: ReturnType<typeof vi.fn>;
let sent: Request[];

beforeEach(() => {
  cancel = vi.fn(async () => 'cancelled');
  sent = [];
});

function requestsOf(desk: Desk): Requests {
  const world = {
    base: 'https://app.test/',
    database: openMemory(),
    clock: new FakeClock(),
    notify,
    fetch: async (request: Request, init: RequestInit) => {
      sent.push(new Request(request, init));
      return new Response('from the network');
    },
  };
  return createRequests(world, {
    desk: async () => desk,
    controls: async () => ({ cancel }) as unknown as Controls,
    tellAccepted: () => undefined,
  });
}

test('where nobody takes requests, a fetch goes to the network and can be aborted there', async () => {
  const caller = new AbortController();
  const init = { ...place, signal: caller.signal, referrerPolicy: 'no-referrer' } as const;
  const response = await requestsOf(NOBODY).fetch('/orders', init);
  expect(await response.text()).toBe('from the network');
  expect(sent[0]?.url).toBe('https://app.test/orders#sluice-direct');
  expect(sent[0]?.referrerPolicy).toBe('no-referrer');
  expect(await sent[0]?.text()).toBe('an order');
  caller.abort();
  expect(sent[0]?.signal.aborted).toBe(true);
});

test('where nobody takes requests, an enqueue says so by code', async () => {
  const order = new Request('https://app.test/orders', place);
  await expect(requestsOf(NOBODY).enqueue([order], {})).rejects.toMatchObject({ code: 'no-answer' });
  expect(sent).toEqual([]);
});

test('an abort cancels the job of its fetch, unless that has ended', async () => {
  const tickets = ['orders.1.n', 'orders.2.n'];
  const requests = requestsOf({ enqueue: async () => [accepted(tickets.shift() ?? '')] });
  const caller = new AbortController();
  for (let i = 0; i < 2; i++) await requests.fetch('/orders', { ...place, signal: caller.signal });
  notify.tell([{ type: 'done', queue: 'orders', ticket: 'orders.1.n', status: 200 }]);
  caller.abort();
  await expect.poll(() => cancel.mock.calls).toEqual([['orders.2.n']]);
});
