import { beforeEach, expect, test, vi } from 'vitest';
import type { SluiceError } from '../core/errors.js';
import type { Captured, Intake, Taken } from '../core/messages.js';
import { openMemory } from '../store/memory.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import type { Controls } from './controls.js';
import { createRequests, type Desk, NOBODY, type RequestParts, type Requests } from './requests.js';

const accepted = (ticket: string) => ({
  kind: 'accepted' as const,
  receipt: { ticket, queue: 'orders', state: 'waiting' as const, depth: 1, estimatedStartAt: null },
  parts: { status: 202, headers: [], body: null },
  holdMs: 0,
  rejects: false,
});

const place = { method: 'POST', body: 'an order' };
const notify = createHub()();
let clock: FakeClock;
let cancel: ReturnType<typeof vi.fn>;
let sent: Request[];

beforeEach(() => {
  clock = new FakeClock();
  cancel = vi.fn(async () => 'cancelled');
  sent = [];
});

function requestsOf(desk: Desk, more: Partial<RequestParts> = {}): Requests {
  const world = {
    base: 'https://app.test/',
    database: openMemory(),
    clock,
    notify,
    fetch: async (request: Request, init: RequestInit) => {
      sent.push(new Request(request, init));
      return new Response('from the network');
    },
  };
  return createRequests(world, {
    desk: async () => desk,
    controls: async () => ({ withdraw: cancel }) as unknown as Controls,
    tellAccepted: () => undefined,
    ...more,
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
  const requests = requestsOf({ ...NOBODY, fetch: async () => accepted(tickets.shift() ?? '') });
  const caller = new AbortController();
  for (let i = 0; i < 2; i++) await requests.fetch('/orders', { ...place, signal: caller.signal });
  notify.tell([{ type: 'done', queue: 'orders', ticket: 'orders.1.n', status: 200 }]);
  caller.abort();
  await expect.poll(() => cancel.mock.calls).toEqual([['orders.2.n']]);
});

/** A request whose body ends when it is told to. */
function slowOrder(): { order: Request; end: () => void } {
  let end = (): void => undefined;
  const body = new ReadableStream({ start: (controller) => void (end = () => controller.close()) });
  const init = { method: 'POST', body, duplex: 'half' };
  return { order: new Request('https://app.test/orders', init as RequestInit), end };
}

test('what was asked for before the user changes is stored before', async () => {
  const steps: string[] = [];
  const requests = requestsOf({
    ...NOBODY,
    enqueue: async () => {
      steps.push('stored');
      return [accepted('orders.1.n')];
    },
  });
  const { order, end } = slowOrder();
  const asked = requests.enqueue([order], {});
  const over = requests.whenOver().then(() => steps.push('over'));
  end();
  await Promise.all([asked, over]);
  expect(steps).toEqual(['stored', 'over']);
});

test('what cannot be stored before the user changes is refused, and what is asked for meanwhile is not', async () => {
  const enqueue = vi.fn(async () => [accepted('orders.1.n')]);
  const requests = requestsOf({ ...NOBODY, enqueue });
  const [before, fetched, after] = [slowOrder(), slowOrder(), slowOrder()];
  const late = requests.enqueue([before.order], {});
  const lateFetch = requests.fetch(fetched.order, {});
  const over = requests.whenOver();
  const theirs = requests.enqueue([after.order], {});
  await clock.advance(5000);
  await over;
  for (const { end } of [before, fetched, after]) end();
  await expect(late).rejects.toMatchObject({ code: 'signed-out' });
  expect(await (await lateFetch).json()).toMatchObject({ status: 503, code: 'signed-out' });
  expect(await theirs).toHaveLength(1);
  expect(enqueue).toHaveBeenCalledTimes(1);
});

const held = { ...accepted('orders.1.n'), holdMs: 25_000 };

test('an abort while its answer is waited for cancels the job, and is what the fetch rejects with', async () => {
  const answerInTime = vi.fn(() => new Promise<never>(() => undefined));
  const controls = async () => ({ withdraw: cancel, answerInTime }) as unknown as Controls;
  const requests = requestsOf({ ...NOBODY, fetch: async () => held }, { controls });
  const caller = new AbortController();
  const response = requests.fetch('/orders', { ...place, signal: caller.signal });
  await expect.poll(() => answerInTime.mock.calls.length).toBe(1);
  caller.abort(new Error('enough'));
  await expect(response).rejects.toThrow('enough');
  await expect.poll(() => cancel.mock.calls).toEqual([['orders.1.n']]);
});

test('where the controls do not load, a held request is answered by its receipt', async () => {
  const controls = async (): Promise<never> => {
    throw new Error('offline');
  };
  const response = await requestsOf({ ...NOBODY, fetch: async () => held }, { controls }).fetch(
    '/orders',
    place,
  );
  expect(response.status).toBe(202);
});

const refusal = { status: 503, code: 'queue-full', title: 'full', detail: 'full' };
const wish = { ...place, headers: { Prefer: 'respond-async, wait=5, return=minimal' } };

test('a wish for how the queue answers is not the service’s, unless no rule names the request', async () => {
  const at = clock.now();
  const pass = { queue: 'orders', id: 'p' };
  const turn = { at, latestAt: at, until: at, credentials: 0, pass };
  const letThrough: Captured[] = [];
  const passBy = async (_intake: Intake, captured: Captured) => {
    letThrough.push(captured);
    return new Response();
  };
  const controls = async () => ({ passBy }) as unknown as Controls;
  const intakes: Intake[] = [
    { kind: 'direct', turn, owner: undefined as never, refusal },
    { kind: 'broken', whenBroken: 'network', refusal },
    { kind: 'unmatched' },
  ];
  for (const intake of intakes)
    await requestsOf({ ...NOBODY, fetch: async () => intake }, { controls }).fetch('/orders', wish);
  expect(letThrough.map(({ request }) => new Headers(request.headers).get('Prefer'))).toEqual([
    'return=minimal',
  ]);
  expect(sent.map(({ headers }) => headers.get('Prefer'))).toEqual([
    'return=minimal',
    'respond-async, wait=5, return=minimal',
  ]);
});

test('what is aborted before it is handed over is not, and no job of another caller is cancelled by it', async () => {
  const fetch = vi.fn(async () => accepted('orders.1.n'));
  const requests = requestsOf({ ...NOBODY, fetch });
  const caller = new AbortController();
  const aborted = requests.fetch('/orders', { ...place, signal: caller.signal });
  caller.abort();
  const other = requests.fetch('/orders', place);
  await expect(aborted).rejects.toThrow('abort');
  expect((await other).status).toBe(202);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(cancel).not.toHaveBeenCalled();
});

test('a list that is not stored as a whole rejects for its first, and says what was stored', async () => {
  const taken: Taken[] = [
    accepted('orders.1.n'),
    { kind: 'refused', refusal },
    { kind: 'unmatched' },
    accepted('orders.2.n'),
  ];
  const requests = requestsOf({ ...NOBODY, enqueue: async () => taken });
  const orders = taken.map(() => new Request('https://app.test/orders', place));
  const error = await requests.enqueue(orders, {}).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'queue-full', value: 'https://app.test/orders' });
  const { receipts } = error as SluiceError;
  expect(receipts?.map((receipt) => receipt?.ticket)).toEqual([
    'orders.1.n',
    undefined,
    undefined,
    'orders.2.n',
  ]);
});
