import { expect, test } from 'vitest';
import { type Arrival, admit, idOf } from '../core/admission.js';
import type { KeyId } from '../core/key-row.js';
import { claim, redrive, renew, resolve, settle } from '../core/line.js';
import type { StoredRequest } from '../core/line-job.js';
import type { QueuePolicy } from '../core/queue-row.js';
import { createGate } from '../gate/gate.js';
import type { Service } from '../gate/queue-gate.js';
import { Committer } from './committer.js';
import type { Engine } from './engine.js';
import { failFirstRead, failNextOfKey, loseWordOfFirstClaim } from './faulty.kit.js';

const POLICY: QueuePolicy = {
  rate: null,
  holdMs: 500,
  leaseMs: 30_000,
  keepKeysMs: 60_000,
  afterCrash: 'unknown',
  line: { maxJobs: 10, maxBytes: 100_000, maxAttempts: 3, concurrency: 10 },
};

const ANSWER = { status: 201, headers: [['x-a', 'b']] as const, body: new Uint8Array([1, 2, 255]) };

export interface EngineUnderTest {
  engine: Engine;
  /** Each test has queues of its own. */
  queue: string;
}

/** What every engine keeps, whatever it stores in. `onceExcludes`: its `once` keeps all other transactions waiting. */
export function contract(
  open: () => Promise<EngineUnderTest>,
  { onceExcludes = false }: { onceExcludes?: boolean } = {},
): void {
  const opened = async (policy: Partial<QueuePolicy> = {}) => {
    const { engine, queue } = await open();
    return { engine, queue, ...deskOf(engine, queue, { ...POLICY, ...policy }) };
  };

  test('the first request of a key is sent, and one more is told that it is outstanding', async () => {
    const { admitOne } = await opened();
    expect(await admitOne({ key: 'k', id: 'a' })).toMatchObject({ kind: 'send' });
    expect(await admitOne({ key: 'k', id: 'b' })).toEqual({ kind: 'outstanding' });
  });

  test('of many requests of one key at once, one is sent', async () => {
    const { admitOne } = await opened();
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => admitOne({ key: 'k', id: `r${n}` })));
    expect(all.filter(({ kind }) => kind === 'send')).toHaveLength(1);
    expect(all.filter(({ kind }) => kind === 'outstanding')).toHaveLength(49);
  });

  test('an answer is kept as it was, and replayed', async () => {
    const { admitOne, end } = await opened();
    await admitOne({ key: 'k', id: 'a' });
    await end({ key: 'k', lease: 'a', kind: 'answered', answer: ANSWER });
    const replay = await admitOne({ key: 'k', id: 'b' });
    expect(replay).toMatchObject({ kind: 'replay', answer: { status: 201, headers: [['x-a', 'b']] } });
    expect(replay.kind === 'replay' && [...(replay.answer.body ?? [])]).toEqual([1, 2, 255]);
  });

  test('a body that was not kept is not confused with an empty one', async () => {
    const { admitOne, end } = await opened();
    for (const [key, body] of [
      ['large', undefined],
      ['empty', new Uint8Array()],
    ] as const) {
      await admitOne({ key, id: 'a' });
      await end({ key, lease: 'a', kind: 'answered', answer: { ...ANSWER, body } });
    }
    const [large, empty] = [
      await admitOne({ key: 'large', id: 'b' }),
      await admitOne({ key: 'empty', id: 'b' }),
    ];
    expect(large.kind === 'replay' && large.answer.body).toBeUndefined();
    expect(empty.kind === 'replay' && empty.answer.body?.byteLength).toBe(0);
  });

  test('a key belongs to one caller', async () => {
    const { admitOne } = await opened();
    await admitOne({ key: 'k', id: 'a', identity: 'ann' });
    expect(await admitOne({ key: 'k', id: 'b', identity: 'bob', fingerprint: 'other' })).toMatchObject({
      kind: 'send',
    });
  });

  test('another request of a known key is a mismatch', async () => {
    const { admitOne } = await opened();
    await admitOne({ key: 'k', id: 'a' });
    expect(await admitOne({ key: 'k', id: 'b', fingerprint: 'other' })).toEqual({ kind: 'mismatch' });
  });

  test('keys and callers of odd characters are kept apart', async () => {
    const { admitOne } = await opened();
    const odd = ["it's", 'a"b', 'a\\b', 'ä€😀', '{1,2}', 'NULL', '', ' '];
    for (const identity of odd) {
      for (const key of odd)
        expect(await admitOne({ key, identity, id: 'x' })).toMatchObject({ kind: 'send' });
    }
  });

  test('a release frees the key for its holder alone', async () => {
    const { admitOne, end } = await opened();
    await admitOne({ key: 'k', id: 'a' });
    await end({ key: 'k', lease: 'another', kind: 'released' });
    expect(await admitOne({ key: 'k', id: 'b' })).toEqual({ kind: 'outstanding' });
    await end({ key: 'k', lease: 'a', kind: 'released' });
    expect(await admitOne({ key: 'k', id: 'b' })).toMatchObject({ kind: 'send' });
  });

  test('a lease that is over leaves its outcome unknown, until an operator resolves it', async () => {
    const { admitOne, run } = await opened({ leaseMs: -1 });
    await admitOne({ key: 'k', id: 'a' });
    expect(await admitOne({ key: 'k', id: 'b' })).toEqual({ kind: 'unknown' });
    const id = { identity: '', key: 'k' };
    expect(await run({ keys: [id] }, (book) => resolve(book, id, 'not-done', 1000))).toBe(true);
    expect(await admitOne({ key: 'k', id: 'c' })).toMatchObject({ kind: 'send' });
  });

  test('a renewed lease is held, and one of another is not renewed', async () => {
    const { admitOne, run } = await opened({ leaseMs: -1 });
    await admitOne({ key: 'k', id: 'a' });
    const id = { identity: '', key: 'k' };
    expect(await run({ keys: [id] }, (book) => renew(book, id, 'other', 60_000))).toBe(false);
    expect(await run({ keys: [id] }, (book) => renew(book, id, 'a', 60_000))).toBe(true);
    expect(await admitOne({ key: 'k', id: 'b' })).toEqual({ kind: 'outstanding' });
  });

  test('what `once` has committed is returned to the next try, and is not done again', async () => {
    const { admitOne, once } = await opened({ leaseMs: -1 });
    let effects = 0;
    const work = async (): Promise<string> => JSON.stringify((effects += 1));
    await admitOne({ key: 'k', id: 'a' });
    expect(await once('k', 'a', work)).toBe('1');
    // Its node is gone: the lease is over without an answer.
    expect(await admitOne({ key: 'k', id: 'b' })).toMatchObject({ kind: 'send' });
    expect(await once('k', 'b', work)).toBe('1');
    expect(effects).toBe(1);
  });

  test('what `once` has committed is found by a repeat that goes into the line', async () => {
    const { admitOne, claimAll, end, once } = await opened();
    await admitOne({ key: 'k', id: 'a' });
    await once('k', 'a', async () => '1');
    // The service has answered an error behind its effect.
    await end({ key: 'k', lease: 'a', kind: 'released' });
    expect(await admitOne({ key: 'k', id: 't', request: storedRequest('a') })).toMatchObject({
      kind: 'accepted',
    });
    const [claimed] = await claimAll();
    expect(await once('k', claimed?.lease ?? '', async () => '2')).toBe('1');
  });

  test('`once` of a lease that another has taken over commits nothing', async () => {
    const { admitOne, once } = await opened({ leaseMs: -1, afterCrash: 'repeat' });
    await admitOne({ key: 'k', id: 'a' });
    await admitOne({ key: 'k', id: 'b' });
    await expect(once('k', 'a', async () => '1')).rejects.toMatchObject({ code: 'lease-lost' });
    expect(await once('k', 'b', async () => '2')).toBe('2');
  });

  if (!onceExcludes) {
    test('a lease that is lost while `once` works commits nothing', async () => {
      const { admitOne, once } = await opened({ leaseMs: -1, afterCrash: 'repeat' });
      await admitOne({ key: 'k', id: 'a' });
      const late = once('k', 'a', async () => {
        await admitOne({ key: 'k', id: 'b' });
        return '1';
      });
      await expect(late).rejects.toMatchObject({ code: 'lease-lost' });
    });
  }

  test('the schedule goes on where it was, whichever transaction asks', async () => {
    const { admitOne } = await opened({ rate: SLOW, holdMs: 3_600_000 });
    const admissions = [];
    for (let n = 0; n < 5; n += 1) admissions.push(await admitOne({ id: `r${n}` }));
    const instants = admissions.map((one) => (one.kind === 'send' ? one.at : Number.NaN));
    for (let n = 1; n < 5; n += 1) expect((instants[n] ?? 0) - (instants[n - 1] ?? 0)).toBeCloseTo(60_250, 2);
  });

  test('a number is used once', async () => {
    // Holders alone find an instant.
    const { engine, admitOne } = await opened({ rate: { limit: 10, perMs: 60_000, burst: 10 }, holdMs: -1 });
    const slot = { at: engine.now(), serial: 1 };
    expect(await admitOne({ id: 'a', slot })).toMatchObject({ kind: 'send' });
    expect(await admitOne({ id: 'b', slot })).toMatchObject({ kind: 'number' });
    expect(await admitOne({ id: 'c', slot: { ...slot, serial: 2 } })).toMatchObject({ kind: 'send' });
  });

  test('a request of the line is stored as it was, claimed in its order, and its answer is found by its ticket', async () => {
    const { engine, queue, admitOne, claimAll, end } = await opened();
    const requests = [storedRequest('first'), storedRequest('second')];
    await admitOne({ key: 'k', id: 't1', request: requests[0] });
    await admitOne({ id: 't2', request: requests[1] });
    const claims = await claimAll();
    expect(claims.map(({ ticket }) => ticket)).toEqual(['t1', 't2']);
    expect((await engine.requestsOf(queue, claims)).map(plain)).toEqual(requests.map(plain));
    const [first] = claims;
    if (first) await end({ ...first, kind: 'answered', answer: ANSWER });
    const [found, other] = await engine.look(['t1', 't2']);
    expect(found).toMatchObject({ queue, key: 'k', row: { state: 'done', answer: { status: 201 } } });
    expect(other?.row.state).toBe('running');
    expect(await admitOne({ key: 'k', id: 'again' })).toMatchObject({ kind: 'replay' });
  });

  test('the request of a job is erased once the job is done, and is kept while it may be tried again', async () => {
    const { engine, queue, admitOne, claimAll, end } = await opened();
    for (const id of ['t1', 't2']) await admitOne({ id, request: storedRequest('a') });
    const claims = await claimAll();
    const [first, second] = claims;
    if (first) await end({ ...first, kind: 'answered', answer: ANSWER });
    if (second) await end({ ...second, kind: 'dead', answer: undefined });
    expect((await engine.requestsOf(queue, claims)).map(plain)).toEqual([
      undefined,
      plain(storedRequest('a')),
    ]);
  });

  test('a repeat of a key in the line gets its ticket again if it consents', async () => {
    const { admitOne } = await opened();
    await admitOne({ key: 'k', id: 't1', request: storedRequest('a') });
    expect(await admitOne({ key: 'k', id: 'x', request: storedRequest('a') })).toMatchObject({
      kind: 'accepted',
      ticket: 't1',
    });
    expect(await admitOne({ key: 'k', id: 'y' })).toEqual({ kind: 'outstanding' });
  });

  test('accepted is waiting, running, done, dead and unknown together', async () => {
    const { engine, queue, admitOne, claimAll, end, run } = await opened();
    for (const id of ['t1', 't2', 't3', 't4']) await admitOne({ key: id, id, request: storedRequest(id) });
    const [one, two, three] = await claimAll(3);
    if (!one || !two || !three) throw new Error('three jobs were not claimed');
    await end({ ...one, kind: 'answered', answer: ANSWER });
    await end({ ...two, kind: 'dead', answer: undefined });
    await end({ ...three, kind: 'retry', notBefore: engine.now() + 60_000 });
    expect(await engine.counts(queue)).toEqual({ waiting: 2, running: 0, done: 1, dead: 1, unknown: 0 });
    expect(await run({}, (book) => [book.queue.accepted, book.queue.jobs])).toEqual([4, 2]);
    expect((await claimAll()).map(({ ticket }) => ticket)).toEqual(['t4']);
  });

  test('a dead job that is redriven is claimed again', async () => {
    const { admitOne, claimAll, end, run } = await opened();
    await admitOne({ key: 'k', id: 't', request: storedRequest('a') });
    const [claimed] = await claimAll();
    if (claimed) await end({ ...claimed, kind: 'dead', answer: undefined });
    expect(await claimAll()).toEqual([]);
    expect(await run({ tickets: ['t'] }, (book) => redrive(book, 't'))).toBe(true);
    expect(await claimAll()).toMatchObject([{ ticket: 't', attempts: 0 }]);
  });

  test.each([
    ['unknown', { waiting: 0, unknown: 1 }],
    ['repeat', { waiting: 1, unknown: 0 }],
  ] as const)('the job of a node that is gone is %s', async (afterCrash, counts) => {
    const { engine, queue, admitOne, claimAll } = await opened({ leaseMs: -1, afterCrash });
    await admitOne({ key: 'k', id: 't', request: storedRequest('a') });
    await claimAll();
    await claimAll(1);
    expect(await engine.counts(queue)).toMatchObject(counts);
  });

  test.each([
    ['commits without word of it', loseWordOfFirstClaim],
    ['is followed by a read that fails', failFirstRead],
  ])('a job whose claim %s is given back before its lease is over, and sent once', async (_, breakIn) => {
    const { engine, queue, admitOne } = await opened();
    await admitOne({ key: 'k', id: 't', request: storedRequest('a') });
    const hasStruck = breakIn(engine);
    const sent: string[] = [];
    const delivered = await drainerOf(engine, queue, async (request) => {
      sent.push(await request.text());
      return new Response('done');
    });
    await delivered();
    expect([sent, hasStruck()]).toEqual([['a'], true]);
    expect(await engine.counts(queue)).toMatchObject({ running: 0, done: 1, unknown: 0 });
  });

  test.each([
    ['is never sent', { kind: 'released' }, { waiting: 1, unknown: 0 }, 1],
    ['is refused', { kind: 'answered', answer: { ...ANSWER, status: 422 } }, { done: 1, unknown: 0 }, 0],
  ] as const)('a job that %s is not unknown, though its lease is over', async (_, end, counts, inLine) => {
    const { engine, queue, admitOne, claimAll, end: settleOne, run } = await opened({ leaseMs: -1 });
    await admitOne({ key: 'k', id: 't', request: storedRequest('a') });
    const [claimed] = await claimAll();
    await claimAll();
    expect(await engine.counts(queue)).toMatchObject({ unknown: 1 });
    if (claimed) await settleOne({ ...claimed, ...end });
    expect(await engine.counts(queue)).toMatchObject(counts);
    expect(await run({}, (book) => book.queue.jobs)).toBe(inLine);
  });

  test('a job that is sent late is neither swept nor overwritten, and what is unknown is kept from then on', async () => {
    const { engine, queue, admitOne } = await opened({ keepKeysMs: -1 });
    await admitOne({ key: 'k', id: 't', request: storedRequest('a') });
    const late = deskOf(engine, queue, { ...POLICY, leaseMs: -1 });
    for (const kind of ['outstanding', 'unknown']) {
      await late.claimAll();
      expect(await engine.sweep(queue, 100)).toBe(0);
      expect(await late.admitOne({ key: 'k', id: 'again' })).toEqual({ kind });
    }
  });

  test('the end of another lease does not change what is unknown', async () => {
    const { admitOne, end } = await opened({ leaseMs: -1 });
    await admitOne({ key: 'k', id: 'a' });
    expect(await admitOne({ key: 'k', id: 'b' })).toEqual({ kind: 'unknown' });
    await end({ key: 'k', lease: 'b', kind: 'released' });
    expect(await admitOne({ key: 'k', id: 'c' })).toEqual({ kind: 'unknown' });
    await end({ key: 'k', lease: 'a', kind: 'released' });
    expect(await admitOne({ key: 'k', id: 'd' })).toMatchObject({ kind: 'send' });
  });

  test('an end that the store did not take is written as the node closes', async () => {
    const { engine, queue, admitOne } = await opened();
    await admitOne({ key: 'k', id: 't', request: storedRequest('a') });
    const { arm, hasStruck } = failNextOfKey(engine);
    const delivered = await drainerOf(engine, queue, () => {
      arm();
      return new Response('done');
    });
    await delivered();
    expect(hasStruck()).toBe(true);
    expect(await engine.counts(queue)).toMatchObject({ running: 0, done: 1 });
  });

  test('a full line takes no more, by jobs and by bytes', async () => {
    const few = await opened({
      line: { maxJobs: 1, maxBytes: 1000, maxAttempts: 1, concurrency: 1 },
      rate: SLOW,
      holdMs: 0,
    });
    await few.admitOne({ id: 'sent' });
    expect(await few.admitOne({ id: 'large', request: storedRequest('x'.repeat(1000)) })).toMatchObject({
      kind: 'number',
    });
    expect(await few.admitOne({ id: 't', request: storedRequest('a') })).toMatchObject({ kind: 'accepted' });
    expect(await few.admitOne({ id: 'u', request: storedRequest('a') })).toMatchObject({ kind: 'number' });
  });

  test('what is kept no longer is swept, and what waits or runs is not', async () => {
    const { engine, queue, admitOne, end } = await opened({ keepKeysMs: -1 });
    await admitOne({ key: 'running', id: 'a' });
    await admitOne({ key: 'done', id: 'b' });
    await end({ key: 'done', lease: 'b', kind: 'answered', answer: ANSWER, keepMs: -1 });
    await admitOne({ key: 'waiting', id: 'c', request: storedRequest('a') });
    expect(await engine.sweep(queue, 100)).toBe(1);
    expect(await engine.counts(queue)).toMatchObject({ running: 1, done: 0, waiting: 1 });
  });

  test('what `setPolicy` and `pause` have set holds for the next transaction', async () => {
    const { admitOne, run } = await opened();
    await run({}, (book) => {
      book.queue = { ...book.queue, isPaused: true, patch: { rate: { limit: 7, perMs: 1000 } } };
    });
    expect(await run({}, (book) => book.queue.patch)).toEqual({ rate: { limit: 7, perMs: 1000 } });
    expect(await admitOne({ id: 'a' })).toEqual({ kind: 'paused' });
  });
}

const SLOW = { limit: 1, perMs: 60_000 };

type EndPart = { key: string; identity?: string; lease: string; keepMs?: number };
type EndKind =
  | {
      kind: 'answered';
      answer: {
        status: number;
        headers: readonly (readonly [string, string])[];
        body: Uint8Array | undefined;
      };
    }
  | { kind: 'released' }
  | { kind: 'retry'; notBefore: number }
  | { kind: 'dead'; answer: undefined };

/** What a node does with its engine, in short. */
function deskOf(engine: Engine, queue: string, policy: QueuePolicy) {
  const committer = new Committer(engine, queue, 1000);
  const run = committer.run.bind(committer);
  let leases = 0;
  return {
    run,
    admitOne: (part: Partial<Arrival> & { id: string }) => {
      const defaults = {
        identity: '',
        key: undefined,
        fingerprint: 'f',
        slot: undefined,
        mayTakeNumber: true,
        leadMs: 0,
      };
      const arrival: Arrival = { ...defaults, request: undefined, ...part };
      const slots = arrival.slot ? [arrival.slot.serial] : [];
      return run({ keys: [idOf(arrival)], slots }, (book) =>
        admit(book, arrival, policyFor(arrival, policy)),
      );
    },
    end: ({ identity = '', keepMs = 60_000, ...part }: EndPart & EndKind) => {
      const end = { identity, keepMs, ...part };
      return run({ keys: [end] }, (book) => settle(book, end));
    },
    claimAll: (max = 10) =>
      run({ claims: max }, (book) => {
        const names = Array.from({ length: max }, () => `lease ${(leases += 1)}`);
        return claim(book, { ...policy, rate: null }, { leases: names, leadMs: 0 }).claims;
      }),
    once: (key: string, lease: string, work: () => Promise<string>) =>
      engine.once(
        { queue, identity: '', key, lease } satisfies KeyId & { queue: string; lease: string },
        work,
      ),
  };
}

/** A node that drains the line. Resolves with how to wait for its first delivery, and close it. */
async function drainerOf(engine: Engine, queue: string, service: Service): Promise<() => Promise<void>> {
  let tell: () => void = () => undefined;
  const delivered = new Promise<void>((heard) => {
    tell = heard;
  });
  const gate = await createGate({
    store: engine,
    secret: 'a secret of the tests, 32 characters',
    identity: () => '',
    queues: { [queue]: { match: { url: '/api/orders' }, line: {} } },
    deliver: async (request) => {
      const answer = await service(request);
      tell();
      return answer;
    },
  });
  return async () => {
    await delivered;
    await gate.close();
  };
}

/** A request of the line is not sent at once in these tests. */
function policyFor({ request }: Arrival, policy: QueuePolicy): QueuePolicy {
  return request && policy.rate === null ? { ...policy, rate: SLOW, holdMs: -1 } : policy;
}

function storedRequest(body: string): StoredRequest {
  const headers = [['content-type', 'text/plain']] as const;
  return {
    method: 'POST',
    url: 'http://service.test/api/orders',
    headers,
    body: new TextEncoder().encode(body),
  };
}

function plain(request: StoredRequest | undefined): unknown {
  return request && { ...request, body: [...request.body] };
}
