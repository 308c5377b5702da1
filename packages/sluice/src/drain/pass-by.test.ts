import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../core/policy.js';
import { openIdentity, signIn } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { readQueues } from '../store/queues.js';
import { createStore } from '../store/store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { capture } from '../transport/capture.js';
import { createIdentitySource } from './identity-source.js';
import { giveBackPlace } from './give-back-place.js';
import { passBy } from './pass-by.js';

const refusal = { status: 503, code: 'queue-full', title: 'The queue is full', detail: 'Try again later.' };
const url = 'https://app.test/orders';

async function letThrough(respond: () => Promise<Response> = async () => new Response()) {
  const clock = new FakeClock();
  const database = openMemory();
  const notify = createHub()();
  const policy = { ...DEFAULT_POLICY, rate: { limit: 1, perMs: 5000, burst: 1 } };
  const { owner } = await openIdentity(database);
  await writePolicies(database, { orders: policy }, { overwrite: true });
  const instant = { now: clock.now(), chance: () => 0.5 };
  const asking = { queue: 'orders', url, cost: 1, owner };
  const store = createStore(database);
  await store.chargeDirect({ ...asking, pass: 'before' }, instant);
  const turn = await store.chargeDirect({ ...asking, pass: 'own' }, instant);
  if (!turn) throw new Error('there is no turn');
  const sent: Request[] = [];
  const caller = new AbortController();
  const captured = await capture(new Request(url, { method: 'POST', body: 'an order' }));
  const over: Promise<unknown>[] = [];
  const response = passBy({ kind: 'direct', turn, owner, refusal }, captured, {
    base: 'https://app.test/',
    database,
    clock,
    identity: createIdentitySource(database, { notify, clock }),
    fetch: async (replay, init) => {
      const request = new Request(replay, init);
      sent.push(request);
      const aborted = new Promise<never>((_, reject) =>
        request.signal.addEventListener('abort', () => reject(request.signal.reason)),
      );
      aborted.catch(() => undefined);
      return Promise.race([respond(), aborted]);
    },
    signal: caller.signal,
    giveBack: (pass, ended) =>
      over.push(giveBackPlace({ database, notify, clock, chance: instant.chance }, pass, ended)),
  });
  response.catch(() => undefined);
  const places = async (): Promise<string[]> => {
    await Promise.all(over);
    const [row] = await readQueues(database);
    return (row?.passes ?? []).map(({ id }) => id);
  };
  const signInAs = async (user: string): Promise<void> =>
    notify.tell(await signIn(database, { user, adopt: false, now: clock.now() }));
  return { clock, sent, caller, response, places, signInAs };
}

const never = (): Promise<Response> => new Promise(() => undefined);

test('an abort before its instant ends the wait, and nothing is sent', async () => {
  const { sent, caller, response, places } = await letThrough();
  caller.abort(new Error('enough'));
  await expect(response).rejects.toThrow('enough');
  expect(sent).toEqual([]);
  expect(await places()).toEqual(['before']);
});

test('an abort once it is sent reaches the network', async () => {
  const { clock, sent, caller, response } = await letThrough(never);
  await clock.advance(6000);
  await expect.poll(() => sent.length).toBe(1);
  caller.abort();
  await expect(response).rejects.toThrow();
  expect(sent[0]?.signal.aborted).toBe(true);
});

test('its place is given back with its answer', async () => {
  const { clock, response, places } = await letThrough();
  await clock.advance(6000);
  expect((await response).status).toBe(200);
  expect(await places()).not.toContain('own');
});

test('another user who signs in ends it before its instant, and in mid-send', async () => {
  const early = await letThrough();
  await early.signInAs('ann');
  await early.clock.advance(6000);
  await expect(early.response).rejects.toThrow();
  expect(early.sent).toEqual([]);
  const late = await letThrough(never);
  await late.clock.advance(6000);
  await expect.poll(() => late.sent.length).toBe(1);
  await late.signInAs('ann');
  await expect(late.response).rejects.toThrow();
  expect(await late.places()).not.toContain('own');
});

test('it takes no longer than one attempt may', async () => {
  const { clock, sent, response } = await letThrough(never);
  await clock.advance(6000);
  await expect.poll(() => sent.length).toBe(1);
  await clock.advance(DEFAULT_POLICY.timeoutMs);
  await expect(response).rejects.toThrow();
});
