import { beforeEach, expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import type { Expect, Prepare } from '../core/config.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { AttemptControl, Claim, Clock, Dispatch } from '../core/ports.js';
import { createDispatch } from './attempt.js';
import { isReplay } from './replay.js';

let now: number;
let epoch: number;
let timers: { at: number; callback: () => void }[];
let steps: string[];
let sent: Request[];
let answer: () => Promise<Response>;
let prepare: Prepare | undefined;
let expected: Expect | undefined;
let may: ReturnType<AttemptControl['mayBegin']>;

/** A clock whose timers fire when time is moved past them. */
const clock: Clock = {
  now: () => now,
  epoch: () => epoch,
  at: (at, callback) => {
    const timer = { at, callback };
    timers.push(timer);
    return () => void (timers = timers.filter((one) => one !== timer));
  },
};

const moveTo = (at: number): void => {
  now = at;
  for (const { callback } of timers.filter((timer) => timer.at <= at)) callback();
};

beforeEach(() => {
  now = 1000;
  epoch = 0;
  timers = [];
  steps = [];
  sent = [];
  answer = async () => new Response('done', { status: 201, headers: { 'X-Own': 'yes' } });
  prepare = undefined;
  expected = undefined;
  may = 'yes';
});

const dispatch: Dispatch = (claim, control) => create()(claim, control);
const create = (): Dispatch =>
  createDispatch({
    readBody: async () => {
      steps.push('body');
      return new TextEncoder().encode('hello').buffer;
    },
    sealingKey: () => Promise.reject(new Error('nothing is sealed here')),
    prepareOf: () => prepare,
    expectOf: () => expected,
    context: async () => ({ token: 't' }),
    clock,
    base: location.href,
    fetch: (request, init) => {
      steps.push('fetch');
      sent.push(new Request(request, init));
      return answer();
    },
  });

const control = (signal = new AbortController().signal): AttemptControl => ({
  signal,
  onPrepared: () => steps.push('prepared'),
  confirm: async () => undefined,
  mayBegin: () => {
    steps.push(`may begin: ${may}`);
    return may;
  },
});

const claim = (change: Partial<Claim> = {}): Claim => ({
  job: {
    queue: 'orders',
    owner: 1,
    seq: 1,
    ticket: 'orders.1.n',
    state: { kind: 'leased', at: 9999, leaseId: 'e/1/1', rides: false },
    rank: 1,
    priority: 0,
    cost: 1,
    link: 1,
    idempotencyKey: 'key-1',
    enqueuedAt: 0,
    expiresAt: 1e15,
    attempts: 0,
    orphans: 0,
    bodyBytes: 5,
    request: storedPost(`${location.origin}/api/orders`),
  },
  leaseId: 'e/1/1',
  leaseUntil: 9999,
  n: 0,
  sendAt: 1000,
  latestAt: Number.POSITIVE_INFINITY,
  riders: [],
  policy: { ...DEFAULT_POLICY, timeoutMs: 500 },
  credentials: 0,
  ...change,
});

test('prepares, waits for its instant, asks, and sends, in that order', async () => {
  const running = dispatch(claim({ sendAt: 1200 }), control());
  await expect.poll(() => steps).toEqual(['body', 'prepared']);
  moveTo(1200);
  expect(await running).toMatchObject({ kind: 'answer', answer: { status: 201, bodyOmitted: false } });
  expect(steps).toEqual(['body', 'prepared', 'may begin: yes', 'fetch']);
  expect(sent[0]?.headers.get('Idempotency-Key')).toBe('"key-1"');
  expect(isReplay(sent[0]?.url ?? '')).toBe(true);
});

test('a body of no bytes is none: a GET can be sent', async () => {
  const { job } = claim();
  const get = { ...job, bodyBytes: 0, request: { ...job.request, method: 'GET' } };
  const end = await dispatch(claim({ job: get, body: new ArrayBuffer(0) }), control());
  expect(end).toMatchObject({ kind: 'answer' });
  expect(sent[0]?.body ?? null).toBeNull();
});

test('what comes too late is given back, kept, and not prepared again', async () => {
  const one = create();
  may = 'late';
  expect(await one(claim(), control())).toEqual({ kind: 'unsent', why: 'late' });
  may = 'yes';
  expect(await one(claim(), control())).toMatchObject({ kind: 'answer' });
  expect(steps.filter((step) => step === 'body')).toHaveLength(1);
  expect(await sent[0]?.text()).toBe('hello');
});

test.each([
  ['credentials have changed', claim({ credentials: 1 })],
  ['it was edited', claim({ job: { ...claim().job, idempotencyKey: 'key-2' } })],
  ['another job has the same key', claim({ job: { ...claim().job, ticket: 'payments.1.n' } })],
])('what is kept is prepared anew where %s', async (_, changed) => {
  const one = create();
  may = 'late';
  await one(claim(), control());
  may = 'yes';
  expect(await one(changed, control())).toMatchObject({ kind: 'answer' });
  expect(steps.filter((step) => step === 'body')).toHaveLength(2);
});

test.each([
  ['two seconds have passed', () => void (now += 2001)],
  ['the clock has jumped', () => void (epoch += 1)],
])('what is kept is prepared anew once %s', async (_, pass) => {
  const one = create();
  may = 'late';
  await one(claim(), control());
  may = 'yes';
  pass();
  expect(await one(claim(), control())).toMatchObject({ kind: 'answer' });
  expect(steps.filter((step) => step === 'body')).toHaveLength(2);
});

test('a send waits ten seconds at most for its instant: a clock that was set back would keep it', async () => {
  const running = dispatch(claim({ sendAt: 86_400_000 }), control());
  await expect.poll(() => steps).toEqual(['body', 'prepared']);
  may = 'late';
  moveTo(11_000);
  expect(await running).toEqual({ kind: 'unsent', why: 'late' });
});

test('prepare sees the URL as the app wrote it, and what it appends is sent', async () => {
  const seen: string[] = [];
  prepare = async (request, { job }) => {
    seen.push(request.url);
    Object.assign(job, { ticket: 'mine' });
    const { method, headers } = request;
    return new Request(`${request.url}?signature=7`, { method, headers, body: await request.text() });
  };
  const one = claim();
  await dispatch(one, control());
  expect(seen).toEqual([`${location.origin}/api/orders`]);
  expect(sent[0]?.url).toMatch(/\/api\/orders\?signature=7#/);
  expect(isReplay(sent[0]?.url ?? '')).toBe(true);
  expect(sent[0]?.headers.get('Idempotency-Key')).toBe('"key-1"');
  expect(await sent[0]?.text()).toBe('hello');
  expect(one.job.ticket).toBe('orders.1.n');
});

test('what prepare says of its request is sent as it says', async () => {
  prepare = (request) =>
    new Request(request, { headers: { 'X-A': '1' }, cache: 'no-store', redirect: 'manual' });
  await dispatch(claim(), control());
  expect(sent[0]).toMatchObject({ cache: 'no-store', redirect: 'manual' });
  expect(sent[0]?.headers.get('X-A')).toBe('1');
  expect(await sent[0]?.text()).toBe('hello');
});

test('prepare makes the request that is sent, and may lose the mark without being queued again', async () => {
  prepare = (request, { context, job }) => {
    const { token } = context;
    return new Request(request.url.split('#')[0] ?? '', {
      method: 'PUT',
      body: `${String(token)} ${job.attempts}`,
    });
  };
  await dispatch(claim(), control());
  expect(sent[0]?.method).toBe('PUT');
  expect(await sent[0]?.text()).toBe('t 0');
  expect(isReplay(sent[0]?.url ?? '')).toBe(true);
});

test.each([
  ['sign-in', () => 'sign-in' as const, { kind: 'sign-in' }],
  [
    'an error',
    () => {
      throw new Error('no token');
    },
    { kind: 'prepare-failed', detail: 'Error: no token' },
  ],
  [
    'a string',
    () => {
      throw 'just so';
    },
    { kind: 'prepare-failed', detail: 'just so' },
  ],
  [
    'a rejection',
    () => Promise.reject(new TypeError('later')),
    { kind: 'prepare-failed', detail: 'TypeError: later' },
  ],
] satisfies [string, Prepare, object][])('prepare that answers %s sends nothing', async (_, own, end) => {
  prepare = own;
  expect(await dispatch(claim(), control())).toEqual(end);
  expect(sent).toEqual([]);
});

test('prepare that never answers is given up in time, and at once when its engine lets go', async () => {
  prepare = () => new Promise<Request>(() => undefined);
  const running = dispatch(claim(), control());
  await expect.poll(() => timers.length).toBe(1);
  moveTo(1500);
  expect(await running).toEqual({ kind: 'prepare-failed', detail: 'no answer within 500 ms' });
  const stop = new AbortController();
  const stopped = dispatch(claim(), control(stop.signal));
  await expect.poll(() => steps.filter((step) => step === 'body')).toHaveLength(2);
  stop.abort();
  expect(await stopped).toEqual({ kind: 'unsent', why: 'stopped' });
});

test('no answer in time is a timeout, an abort is an abort, a refusal a network error', async () => {
  const hang = (): Promise<Response> =>
    new Promise((_, reject) => {
      sent.at(-1)?.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
  answer = hang;
  const late = dispatch(claim(), control());
  await expect.poll(() => steps).toContain('fetch');
  moveTo(1500);
  expect(await late).toEqual({ kind: 'timeout' });

  const stop = new AbortController();
  const stopped = dispatch(claim(), control(stop.signal));
  await expect.poll(() => sent).toHaveLength(2);
  stop.abort();
  expect(await stopped).toEqual({ kind: 'aborted' });

  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  expect(await dispatch(claim(), control())).toEqual({
    kind: 'network-error',
    detail: 'TypeError: Failed to fetch',
  });
});

test('a body over the cap is left out, and one that breaks off does not undo its status', async () => {
  answer = async () => new Response('x'.repeat(100));
  const small = { ...DEFAULT_POLICY, resultBytes: 10 };
  const end = await dispatch(claim({ policy: small }), control());
  expect(end).toMatchObject({ kind: 'answer', answer: { status: 200, bodyOmitted: true } });

  answer = async () =>
    new Response(new ReadableStream({ start: (stream) => stream.error(new Error('cut')) }));
  expect(await dispatch(claim(), control())).toMatchObject({ answer: { status: 200, bodyOmitted: true } });
});

test('the answer to a batch is larger than what is kept for one job, and is read up to a bound of its own', async () => {
  const batch = claim({ policy: { ...DEFAULT_POLICY, resultBytes: 10 }, riders: [claim()] });
  for (const [size, bodyOmitted] of [
    [2 ** 20 + 20, false],
    [2 ** 20 + 21, true],
  ] as const) {
    answer = async () => new Response(new ArrayBuffer(size));
    expect(await dispatch(batch, control())).toMatchObject({ kind: 'answer', answer: { bodyOmitted } });
  }
});

test('reads what the service says of when and why', async () => {
  answer = async () =>
    new Response(null, { status: 429, headers: { 'Retry-After': '2.5', 'X-RateLimit-Remaining': '0' } });
  expect(await dispatch(claim(), control())).toMatchObject({ hint: { notBeforeMs: 2500, remaining: 0 } });

  const problem = { title: 'A request is outstanding for this Idempotency-Key' };
  const headers = { 'Content-Type': 'application/problem+json' };
  answer = async () => new Response(JSON.stringify(problem), { status: 409, headers });
  expect(await dispatch(claim(), control())).toMatchObject({ keyOutstanding: true });
  answer = async () => new Response('{ broken', { status: 409, headers });
  expect(await dispatch(claim(), control())).toMatchObject({ keyOutstanding: false });
});

test('a row whose body is gone, or that makes no request, is unreadable', async () => {
  const one = claim();
  const gone = createDispatch({
    readBody: async () => undefined,
    sealingKey: () => Promise.reject(new Error('none')),
    prepareOf: () => undefined,
    expectOf: () => undefined,
    context: async () => ({}),
    clock,
    base: location.href,
    fetch: () => answer(),
  });
  expect(await gone(one, control())).toMatchObject({ kind: 'unreadable' });
  const { job } = one;
  const broken = claim({ job: { ...job, request: { ...job.request, method: 'TRACE' } } });
  expect(await dispatch(broken, control())).toMatchObject({ kind: 'unreadable' });
});

test.each([
  ['true', () => true, undefined],
  ['false', () => false, { word: 'outage' }],
  ['a word', () => 'sign-in' as const, { word: 'sign-in' }],
  ['nonsense', () => 'maybe' as 'ack', { word: 'nack' }],
  [
    'an error',
    () => {
      throw new Error('not so');
    },
    { word: 'nack', detail: 'expect threw Error: not so' },
  ],
] satisfies [string, Expect, object | undefined][])(
  'expect that answers %s is heard',
  async (_, own, judged) => {
    expected = own;
    const end = await dispatch(claim(), control());
    if (judged) expect(end).toMatchObject({ kind: 'answer', judged });
    else expect(end).not.toHaveProperty('judged');
  },
);

test('expect may read the body, and it is kept all the same', async () => {
  expected = async (response) => (await response.text()) === 'done';
  const end = await dispatch(claim(), control());
  expect(end).toMatchObject({ kind: 'answer', answer: { body: { byteLength: 4 } } });
  expect(end).not.toHaveProperty('judged');
});

test('a refusal that is not as expected is a refusal', async () => {
  answer = async () => new Response('no', { status: 422 });
  expected = () => false;
  expect(await dispatch(claim(), control())).not.toHaveProperty('judged');
});

test('the service is told the attempt and the age of a job, where the queue asks for it', async () => {
  const told = claim({ policy: { ...DEFAULT_POLICY, attemptHeaders: true } });
  const third = { ...told, job: { ...told.job, attempts: 2, enqueuedAt: Date.UTC(2026, 0, 1) } };
  await dispatch(third, control());
  await dispatch(claim(), control());
  expect(sent.map(({ headers }) => headers.get('Sluice-Attempt'))).toEqual(['3', null]);
  expect(sent[0]?.headers.get('Sluice-Enqueued-At')).toBe('2026-01-01T00:00:00.000Z');
});
