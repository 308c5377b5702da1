import { beforeEach, expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import type { AttemptEnd, DispatchEnd } from '../core/attempt.js';
import type { BatchFunctions } from '../core/config.js';
import { SluiceError } from '../core/errors.js';
import type { Job } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { AttemptControl, Claim } from '../core/ports.js';
import { dispatchBatches } from './batch.js';

const functions: BatchFunctions = {
  combine: (requests) => ({ url: '/bulk', body: JSON.stringify(requests.map((one) => one.json())) }),
  split: (answer) => answer.json() as { status: number }[],
};

let known: BatchFunctions | undefined;
let dispatched: { job: Job; body: string }[];
let end: DispatchEnd;
let readBody: (job: Job) => Promise<ArrayBuffer | undefined>;

beforeEach(() => {
  known = functions;
  readBody = async (job) => bodyOf(job);
  dispatched = [];
  end = answered(207, [{ status: 201 }, { status: 409 }]);
});

const bodyOf = ({ seq }: Job) => new TextEncoder().encode(`{"n":${seq}}`).buffer;
const dispatch = dispatchBatches(
  async ({ job, body = bodyOf(job) }) => {
    dispatched.push({ job, body: new TextDecoder().decode(body) });
    return end;
  },
  {
    readBody: (job) => readBody(job),
    sealingKey: () => Promise.reject(new Error('nothing is sealed here')),
    functionsOf: () => known,
  },
);
const send = (claim: Claim): Promise<DispatchEnd> => dispatch(claim, control);

test('many jobs are one request, with what the first one had and the user left out', async () => {
  await send(batchOf(1, 2));
  expect(dispatched).toMatchObject([
    {
      body: '[{"n":1},{"n":2}]',
      job: { request: { url: 'https://example.test/bulk', method: 'POST', mode: 'cors' }, bodyBytes: 17 },
    },
  ]);
});

test('its key is that of the company: the same jobs have the same, any other have another', async () => {
  for (const claim of [batchOf(1, 2), batchOf(1, 2), batchOf(1, 3)]) await send(claim);
  const [first, again, other] = dispatched.map(({ job }) => job.idempotencyKey);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  expect(first).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
});

test('where the app has set keys of its own, none of them goes with the batch', async () => {
  const claim = batchOf(1, 2);
  claim.job.request.headers = [['Idempotency-Key', '"own"']];
  await send(claim);
  const [sent] = dispatched;
  expect(sent?.job.request.headers).toEqual([['Idempotency-Key', `"${sent?.job.idempotencyKey}"`]]);
});

test('a job that cannot be read ends alone, and the others are given back', async () => {
  readBody = async (job) => (job.seq === 2 ? undefined : bodyOf(job));
  const unsent = { kind: 'unsent', why: 'stopped' };
  expect(await send(batchOf(1, 2, 3))).toEqual({
    kind: 'parts',
    whole: unsent,
    parts: [unsent, { kind: 'unreadable', detail: 'its body is gone' }, unsent],
  });
  expect(dispatched).toEqual([]);
});

test('storage that fails for a moment is held against none of them', async () => {
  readBody = () => Promise.reject(new SluiceError('storage-failed', 'disk'));
  const unsent = { kind: 'unsent', why: 'stopped' };
  expect(await send(batchOf(1, 2))).toEqual({ kind: 'parts', whole: unsent, parts: [unsent, unsent] });
});

test('a success is taken apart, one part for each job', async () => {
  expect(await send(batchOf(1, 2))).toMatchObject({
    kind: 'parts',
    whole: { answer: { status: 207 } },
    parts: [{ answer: { status: 201 } }, { answer: { status: 409 } }],
  });
});

test('a success that `expect` confirms is taken apart as well', async () => {
  end = { ...answered(207, [{ status: 201 }, { status: 409 }]), judged: { word: 'ack', detail: '' } };
  expect(await send(batchOf(1, 2))).toMatchObject({ kind: 'parts' });
});

test('the body of a part, or of what befalls all, is kept up to the cap', async () => {
  const split = () => [
    { status: 201, body: 'four' },
    { status: 201, body: 'large' },
  ];
  known = { ...functions, split };
  const claim = batchOf(1, 2);
  claim.policy = { ...claim.policy, resultBytes: 4 };
  const omitted = { answer: { bodyOmitted: true } };
  expect(await send(claim)).toMatchObject({ parts: [{ answer: { bodyOmitted: false } }, omitted] });
  end = answered(500, 'large');
  const refused = await send(claim);
  expect(refused).toMatchObject(omitted);
  expect(refused).not.toHaveProperty('answer.body');
});

test('a body that was left out is not read as an empty one, and the status can be read all the same', async () => {
  const whole = answered(207, []);
  end = { ...whole, answer: { ...whole.answer, bodyOmitted: true } };
  known = { ...functions, split: ({ text }) => [{ status: 200, body: text() }, { status: 200 }] };
  expect(await send(batchOf(1, 2))).toEqual({
    kind: 'split-failed',
    detail: 'split threw Error: the answer was too large, or broke off',
  });
  known = { ...functions, split: ({ status }) => [{ status }, { status }] };
  expect(await send(batchOf(1, 2))).toMatchObject({ kind: 'parts' });
});

test.each([
  ['a refusal', answered(503, [])],
  [
    'a portal',
    { ...answered(200, [{ status: 201 }, { status: 201 }]), judged: { word: 'outage', detail: 'x' } },
  ],
  ['a login page', { ...answered(200, [{ status: 201 }, { status: 201 }]), led: 'within' }],
  ['a network error', { kind: 'network-error', detail: 'gone' }],
] satisfies [string, AttemptEnd][])('%s is what became of all of them', async (_, whole) => {
  end = whole;
  expect(await send(batchOf(1, 2))).toBe(whole);
});

test.each([
  ['combine throws', { combine: () => thrown() }, 'combine-failed', /combine threw Error: not so/],
  ['split throws', { split: () => thrown() }, 'split-failed', /split threw Error: not so/],
  ['split miscounts', { split: () => [{ status: 200 }] }, 'split-failed', /split made 1 parts of 2 jobs/],
])('where %s, every job is nacked and told why', async (_, change, kind, detail) => {
  known = { ...functions, ...change };
  expect(await send(batchOf(1, 2))).toMatchObject({ kind, detail: expect.stringMatching(detail) });
});

test('a claim of one job goes as it is, and so does nothing where the rules are not known', async () => {
  await send(batchOf(7));
  expect(dispatched[0]).toMatchObject({ body: '{"n":7}', job: { seq: 7 } });
  known = undefined;
  expect(await send(batchOf(1, 2))).toEqual({ kind: 'unsent', why: 'stopped' });
});

function thrown(): never {
  throw new Error('not so');
}

function answered(status: number, body: unknown): Extract<AttemptEnd, { kind: 'answer' }> {
  const answer = {
    status,
    statusText: '',
    headers: [],
    bodyOmitted: false,
    body: new TextEncoder().encode(JSON.stringify(body)).buffer,
  };
  return { kind: 'answer', answer, keyOutstanding: false };
}

function batchOf(first: number, ...others: number[]): Claim {
  return { ...claimOf(first), riders: others.map(claimOf) };
}

function claimOf(seq: number): Claim {
  return {
    job: {
      owner: 1,
      queue: 'orders',
      seq,
      ticket: `orders.${seq}.n`,
      state: { kind: 'leased', at: 9999, leaseId: `e/1/${seq}`, rides: false },
      rank: seq,
      priority: 0,
      cost: 1,
      link: seq,
      idempotencyKey: `key-${seq}`,
      enqueuedAt: 0,
      expiresAt: 9999,
      attempts: 0,
      orphans: 0,
      bodyBytes: 7,
      request: storedPost(),
    },
    leaseId: `e/1/${seq}`,
    leaseUntil: 9999,
    n: 0,
    sendAt: 0,
    latestAt: Number.POSITIVE_INFINITY,
    policy: DEFAULT_POLICY,
    credentials: 0,
    riders: [],
  };
}

const control: AttemptControl = {
  signal: new AbortController().signal,
  onPrepared: () => undefined,
  confirm: async () => undefined,
  mayBegin: () => 'yes',
};
