import { getEventListeners } from 'node:events';
import { beforeEach, expect, test, vi } from 'vitest';
import { SluiceError } from '../core/errors.js';
import type { Handed } from '../core/messages.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createRequests, type RequestParts, type Requests } from './requests.js';

const stored = (ticket: string): Handed => ({
  ticket,
  isStored: true,
  parts: { status: 202, headers: [], body: null },
});
const held = { ...stored('orders.1.n'), wait: { kind: 'accepted' } as Handed['wait'] } as Handed;
const nobody = async (): Promise<never> => {
  throw new SluiceError('no-answer', 'there is no worker to ask');
};

const place = { method: 'POST', body: 'an order' };
let clock: FakeClock;
let withdraw: ReturnType<typeof vi.fn<(ticket: string) => Promise<string>>>;
let sent: Request[];
let end: (ticket: string) => void;

beforeEach(() => {
  clock = new FakeClock();
  withdraw = vi.fn(async () => 'cancelled');
  sent = [];
});

type Calls = Record<string, (...args: never[]) => Promise<unknown>>;

function requestsOf(calls: Calls, more: Partial<RequestParts> = {}): Requests {
  const ends = new Map<string, () => void>();
  end = (ticket) => ends.get(ticket)?.();
  const world = {
    base: 'https://app.test/',
    clock,
    fetch: async (request: Request) => {
      sent.push(request);
      return new Response('from the network');
    },
  };
  const known: Calls = { withdraw, ...calls };
  return createRequests(world, {
    ask: async (call, ...args) => known[call]?.(...(args as never[])),
    ended: (ticket) => new Promise<void>((resolve) => ends.set(ticket, resolve)),
    tellAccepted: () => undefined,
    ...more,
  });
}

test('where there is no host, a fetch goes to the network and can be aborted there', async () => {
  const caller = new AbortController();
  const init = { ...place, signal: caller.signal, referrerPolicy: 'no-referrer' } as const;
  const response = await requestsOf({ fetch: nobody }).fetch('/orders', init);
  expect(await response.text()).toBe('from the network');
  expect(sent[0]?.url).toBe('https://app.test/orders#sluice-direct');
  expect(sent[0]?.referrerPolicy).toBe('no-referrer');
  expect(await sent[0]?.text()).toBe('an order');
  caller.abort();
  expect(sent[0]?.signal.aborted).toBe(true);
});

test('a host that ends with a request in its hands rejects, and nothing goes to the network', async () => {
  const fetch = async (): Promise<never> => {
    throw new SluiceError('host-gone', 'it may have been stored');
  };
  await expect(requestsOf({ fetch }).fetch('/orders', place)).rejects.toMatchObject({ code: 'host-gone' });
  expect(sent).toEqual([]);
});

test('an abort cancels the job of its fetch, unless that has ended', async () => {
  const tickets = ['orders.1.n', 'orders.2.n'];
  const requests = requestsOf({ fetch: async () => stored(tickets.shift() ?? '') });
  const caller = new AbortController();
  for (let i = 0; i < 2; i++) await requests.fetch('/orders', { ...place, signal: caller.signal });
  end('orders.1.n');
  await Promise.resolve();
  caller.abort();
  await expect.poll(() => withdraw.mock.calls).toEqual([['orders.2.n']]);
});

test('jobs that have ended let go of the signal that they had in common', async () => {
  const requests = requestsOf({ fetch: async () => stored('orders.1.n') });
  const signals: AbortSignal[] = [];
  const { addEventListener } = AbortSignal.prototype;
  vi.spyOn(AbortSignal.prototype, 'addEventListener').mockImplementation(function (
    this: AbortSignal,
    ...args: unknown[]
  ) {
    signals.push(this);
    Reflect.apply(addEventListener, this, args);
  });
  await requests.fetch('/orders', { ...place, signal: new AbortController().signal });
  vi.restoreAllMocks();
  const last = signals.at(-1) as AbortSignal;
  expect(getEventListeners(last, 'abort')).toHaveLength(1);
  end('orders.1.n');
  await expect.poll(() => getEventListeners(last, 'abort')).toHaveLength(0);
});

test('a request without a signal asks for no end of its job', async () => {
  const ended = vi.fn();
  const requests = requestsOf({ fetch: async () => stored('orders.1.n') }, { ended });
  await requests.fetch('/orders', place);
  expect(ended).not.toHaveBeenCalled();
});

/** A request whose body ends when it is told to. */
function slowOrder(): { order: Request; end: () => void } {
  let finish = (): void => undefined;
  const body = new ReadableStream({ start: (controller) => void (finish = () => controller.close()) });
  const init = { method: 'POST', body, duplex: 'half' };
  return { order: new Request('https://app.test/orders', init as RequestInit), end: finish };
}

test('what was asked for before the user changes is handed over before', async () => {
  const steps: string[] = [];
  const requests = requestsOf({
    enqueue: async () => {
      steps.push('stored');
      return [];
    },
  });
  const { order, end: finish } = slowOrder();
  const asked = requests.enqueue([order], {});
  const over = requests.whenOver().then(() => steps.push('over'));
  finish();
  await Promise.all([asked, over]);
  expect(steps).toEqual(['stored', 'over']);
});

test('what is handed over late tells the host when it was asked for, and holds up no user for long', async () => {
  const { order, end: finish } = slowOrder();
  const at: number[] = [];
  const enqueue = async (_requests: unknown, _options: unknown, askedAt: number) => void at.push(askedAt);
  const requests = requestsOf({ enqueue });
  const askedAt = clock.now();
  const late = requests.enqueue([order], {});
  const over = requests.whenOver();
  await clock.advance(5000);
  await over;
  finish();
  await late;
  expect(at).toEqual([askedAt]);
});

test('a send that no row stands for ends as the user changes, and what no rule names does not', async () => {
  const answers: Handed[] = [{ isOurs: true }, {}];
  const network: Request[] = [];
  const never = (request: Request): Promise<Response> => {
    network.push(request);
    return new Promise(() => undefined);
  };
  const slow = createRequests(
    { base: 'https://app.test/', clock, fetch: never },
    {
      ask: async (call) => (call === 'fetch' ? answers.shift() : undefined),
      ended: () => new Promise(() => undefined),
      tellAccepted: () => undefined,
    },
  );
  void slow.fetch('/orders', place);
  void slow.fetch('/others', place);
  await expect.poll(() => network.length).toBe(2);
  const over = slow.whenOver();
  await clock.advance(5000);
  await over;
  expect(network.map(({ signal }) => signal.aborted)).toEqual([true, false]);
});

test('an abort while its answer is waited for cancels the job, and is what the fetch rejects with', async () => {
  const answer = vi.fn(() => new Promise<never>(() => undefined));
  const requests = requestsOf({ fetch: async () => held, answer });
  const caller = new AbortController();
  const response = requests.fetch('/orders', { ...place, signal: caller.signal });
  await expect.poll(() => answer.mock.calls.length).toBe(1);
  caller.abort(new Error('enough'));
  await expect(response).rejects.toThrow('enough');
  await expect.poll(() => withdraw.mock.calls).toEqual([['orders.1.n']]);
});

test('where its answer cannot be waited for, a held request is answered by its receipt', async () => {
  const answer = async (): Promise<never> => {
    throw new SluiceError('host-gone', 'it ended');
  };
  const response = await requestsOf({ fetch: async () => held, answer }).fetch('/orders', place);
  expect(response.status).toBe(202);
});

test('a send past the queue whose host ends is not said to be refused', async () => {
  const past = { ticket: 'p', wait: { kind: 'direct' } };
  const answer = async (): Promise<never> => {
    throw new SluiceError('host-gone', 'it ended');
  };
  const asked = requestsOf({ fetch: async () => past, answer }).fetch('/orders', place);
  await expect(asked).rejects.toMatchObject({ code: 'host-gone' });
});

test('what was not delivered rejects, as fetch does, with the reason', async () => {
  const answer = async () => ({ status: 0, headers: [], body: '[sluice] dead-rejected: answered 422' });
  const asked = requestsOf({ fetch: async () => held, answer }).fetch('/orders', place);
  await expect(asked).rejects.toThrow(new TypeError('[sluice] dead-rejected: answered 422'));
});

test('what is aborted before it is handed over is not, and no job of another caller is cancelled by it', async () => {
  const fetch = vi.fn(async () => stored('orders.1.n'));
  const requests = requestsOf({ fetch });
  const caller = new AbortController();
  const aborted = requests.fetch('/orders', { ...place, signal: caller.signal });
  caller.abort();
  const other = requests.fetch('/orders', place);
  await expect(aborted).rejects.toThrow('abort');
  expect((await other).status).toBe(202);
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(withdraw).not.toHaveBeenCalled();
});
