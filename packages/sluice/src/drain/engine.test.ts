import { beforeEach, expect, test, vi } from 'vitest';
import type { QueuePolicy } from '../core/policy.js';
import { commandQueues, type QueueCommand } from '../store/control.js';
import { forget, signIn } from '../store/identity.js';
import { cancelJob, releaseJob } from '../store/job-commands.js';
import { commandJob } from '../store/store.kit.js';
import { readQueues } from '../store/queues.js';
import { answered, Bench, T0 } from './engine.kit.js';

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

const counts = async () => (await readQueues(bench.database))[0]?.counts;
const instants = () => bench.sends.map((send) => Number(send.split('@')[1]));

// 210 ms apart; the tolerance of 10 ms is spent once, and the window of 1,050 ms takes it back.
test('sends evenly at the configured rate, a burst of enqueues notwithstanding', async () => {
  await bench.enqueue(6, { rate: { limit: 5, perMs: 1000, burst: 1 } });
  bench.start();
  await bench.clock.advance(1500);
  expect(bench.sends).toEqual(['1@5', '2@205', '3@415', '4@625', '5@835', '6@1055']);
});

test('lets a burst go back to back, and then only what the window allows', async () => {
  await bench.enqueue(8, { rate: { limit: 4, perMs: 1000, burst: 4 }, concurrency: 8 });
  bench.start();
  await bench.clock.advance(1500);
  expect(instants().slice(0, 4)).toEqual([5, 5, 5, 5]);
  expect(instants()[4]).toBeGreaterThanOrEqual(1055);
});

test('a late timer never releases more than the burst', async () => {
  await bench.enqueue(50, { rate: { limit: 10, perMs: 1000, burst: 2 }, concurrency: 50 });
  bench.start();
  await bench.clock.advance(200);
  const before = bench.sends.length;
  bench.clock.jump(5000);
  await bench.clock.advance(0);
  expect(bench.sends.length - before).toBeLessThanOrEqual(2);
});

test('keeps no more in flight than concurrency, and fills a slot as soon as it is free', async () => {
  await bench.enqueue(4, { concurrency: 2 });
  bench.start();
  await bench.clock.advance(50);
  expect(bench.sends).toEqual(['1@0', '2@0', '3@10', '4@10']);
});

test('gives back what it prepared too late, and claims earlier from then on', async () => {
  bench.prepareMs = 300;
  await bench.enqueue(6, { rate: { limit: 5, perMs: 1000, burst: 1 }, concurrency: 6 });
  bench.start();
  await bench.clock.advance(10_000);
  expect(new Set(bench.sends.map((send) => send.split('@')[0])).size).toBe(6);
  expect(await counts()).toMatchObject({ done: 6, waiting: 0 });
});

test('holds every send from the moment the service asks for quiet, also those already claimed', async () => {
  bench.service = ({ job }) => ({ ms: 30, end: job.seq === 1 ? answered(429, 5000) : answered(200) });
  await bench.enqueue(20, { rate: { limit: 20, perMs: 1000, burst: 1 }, concurrency: 20 });
  bench.start();
  await bench.clock.advance(4000);
  expect(instants().filter((at) => at > 36 && at < 5000)).toEqual([]);
  expect(bench.events).toContainEqual({
    type: 'frozen',
    queue: 'orders',
    until: expect.any(Number) as number,
  });
  bench.service = () => ({ ms: 30, end: answered(200) });
  await bench.clock.advance(20_000);
  expect(await counts()).toMatchObject({ done: 20 });
});

test.each([
  ['the service asks for quiet', () => answered(429, 5000)],
  ['the service asks for a sign-in', () => answered(401)],
  ['another user signs in', () => undefined],
])('holds also what a turn claims that is under way when %s', async (_, endOf) => {
  const end = endOf();
  bench.service = ({ job }) => ({ ms: job.seq === 1 && end ? 10 : 5000, end: end ?? answered(200) });
  await bench.enqueue(1);
  const { turn } = bench.store;
  bench.store.turn = async (request, instant) => {
    const report = await turn(request, instant);
    // The second turn is slow to answer, so that the word comes meanwhile; and the third, which would say the same.
    if (request.turn > 1)
      await new Promise<void>((resolve) => bench.clock.at(bench.clock.now() + 20, resolve));
    return report;
  };
  bench.start();
  await bench.clock.advance(5);
  await bench.enqueue(3);
  await bench.clock.advance(10);
  if (!end) bench.notify.tell(await signIn(bench.database, { user: 'ann', adopt: false, now: T0 }));
  await bench.clock.advance(1000);
  expect(bench.sends).toEqual(['1@0']);
});

test('spends no turn on a job that comes while no slot is free, and sends it once one is', async () => {
  const turn = vi.spyOn(bench.store, 'turn');
  await bench.enqueue(1, { concurrency: 1 });
  bench.start();
  await bench.clock.advance(5);
  const turns = turn.mock.calls.length;
  await bench.enqueue(1);
  await bench.clock.advance(1);
  expect(turn).toHaveBeenCalledTimes(turns);
  await bench.clock.advance(50);
  expect(bench.sends).toEqual(['1@0', '2@10']);
});

test('a job that comes while a turn is under way is seen by the next', async () => {
  await bench.enqueue(1, { concurrency: 1 });
  const { store } = bench;
  const turn = store.turn.bind(store);
  // The turn that settles the first job finds no other: the second comes before its answer does.
  store.turn = async (request, instant) => {
    const report = await turn(request, instant);
    if (request.settlements.length > 0 && bench.sends.length === 1) await bench.enqueue(1);
    return report;
  };
  bench.start();
  await bench.clock.advance(100);
  expect(bench.sends).toEqual(['1@0', '2@10']);
});

test('two hundred jobs that failed once are sent at the pace of the queue as soon as retries succeed', async () => {
  const failed = new Set<number>();
  bench.service = ({ job }) => {
    const end = answered(failed.has(job.seq) ? 200 : 500);
    failed.add(job.seq);
    return { ms: 50, end };
  };
  await bench.enqueue(200, { rate: { limit: 20, perMs: 1000, burst: 1 }, concurrency: 10 });
  bench.start();
  await bench.clock.advance(40_000);
  expect(await counts()).toMatchObject({ done: 200, sends: 400 });
});

test('jobs that fail each time take no more than the trickle from those that come', async () => {
  bench.service = ({ job }) => ({ ms: 50, end: answered(job.seq <= 20 ? 500 : 200) });
  const policy = {
    rate: { limit: 5, perMs: 1000, burst: 1 },
    maxAttempts: 1000,
    backoff: { baseMs: 10, maxMs: 20 },
  };
  await bench.enqueue(20, policy);
  bench.start();
  await bench.clock.advance(20_000);
  const before = bench.sends.length;
  await bench.clock.advance(100_000);
  expect(bench.sends.length - before).toBeLessThanOrEqual(11);
  await bench.enqueue(100, policy);
  await bench.clock.advance(30_000);
  // A fifth of the hundred, and three of the trickle.
  expect(bench.sends.length - before - 11).toBeLessThanOrEqual(100 + 23);
  expect(await counts()).toMatchObject({ done: 100, waiting: 20 });
});

test('an outage kills no job: five ends in a row, then one probe at a time, then all arrive', async () => {
  let isDown = true;
  bench.service = () => ({
    ms: 5,
    end: isDown ? { kind: 'network-error', detail: 'refused' } : answered(200),
  });
  await bench.enqueue(20, { concurrency: 2, maxAttempts: 3, backoff: { baseMs: 10, maxMs: 20 } });
  bench.start();
  await bench.clock.advance(3_600_000);
  expect(bench.sends.length).toBeLessThan(100);
  expect(await counts()).toMatchObject({ done: 0, dead: {}, waiting: 20 });
  isDown = false;
  await bench.clock.advance(900_000);
  expect(await counts()).toMatchObject({ done: 20, dead: {} });
});

test('starts slowly after an outage', async () => {
  let isDown = true;
  bench.service = () => ({ ms: 1, end: isDown ? answered(503) : answered(200) });
  await bench.enqueue(40, { rate: { limit: 10, perMs: 1000, burst: 1 }, concurrency: 10 });
  bench.start();
  await bench.clock.advance(10_000);
  isDown = false;
  const from = bench.sends.length;
  await bench.clock.advance(60_000);
  const gaps = instants()
    .slice(from)
    .map((at, i, all) => at - (all[i - 1] ?? at));
  expect(gaps[2]).toBeGreaterThan(gaps[6] as number);
  expect(await counts()).toMatchObject({ done: 40 });
});

test('a poison job is dead after its attempts, and stops nobody else', async () => {
  bench.service = ({ job }) => ({ ms: 5, end: job.seq === 1 ? answered(500) : answered(200) });
  await bench.enqueue(10, { concurrency: 1, maxAttempts: 3, backoff: { baseMs: 100, maxMs: 1000 } });
  bench.start();
  await bench.clock.advance(60_000);
  expect(await counts()).toMatchObject({ done: 9, dead: { attempts: 1 } });
});

test('a job that fails like an outage does not keep the probe for itself', async () => {
  bench.service = ({ job }) => ({ ms: 5, end: job.seq === 1 ? answered(503) : answered(200) });
  await bench.enqueue(1, { concurrency: 1, maxAttempts: 6, backoff: { baseMs: 100, maxMs: 1000 } });
  bench.start();
  await bench.clock.advance(60_000);
  await bench.enqueue(5);
  await bench.clock.advance(600_000);
  expect(await counts()).toMatchObject({ done: 5 });
});

test('a cancellation stops a send that is under way', async () => {
  bench.service = () => ({ ms: 60_000, end: answered(200) });
  const [ticket = ''] = await bench.enqueue(1);
  bench.start();
  await bench.clock.advance(100);
  bench.notify.tell((await commandJob(bench.database, cancelJob(ticket), bench.clock.now())).events);
  await bench.clock.advance(100);
  expect(await counts()).toMatchObject({ leased: 0, cancelled: { user: 1 } });
});

test('a forged word of cancellation stops nothing', async () => {
  bench.service = () => ({ ms: 500, end: answered(200) });
  const [ticket = ''] = await bench.enqueue(1);
  bench.start();
  await bench.clock.advance(100);
  bench.notify.tell([{ type: 'aborting', queue: 'orders', ticket }]);
  await bench.clock.advance(1000);
  expect(await counts()).toMatchObject({ done: 1, cancelled: {} });
});

test('renews its lease while a long upload runs, so that nobody sends it too', async () => {
  bench.service = () => ({ ms: 120_000, end: answered(200) });
  await bench.enqueue(1, { leaseMs: 3000 });
  bench.start();
  await bench.clock.advance(10_000);
  const other = bench.start();
  await bench.clock.advance(1);
  await other.stop();
  // The one that began alone took the lease over at once; the first one's success still ends it.
  await bench.clock.advance(120_000);
  expect(await counts()).toMatchObject({ done: 1, waiting: 0, leased: 0 });
});

test('two engines at once still keep the rate', async () => {
  await bench.enqueue(40, { rate: { limit: 10, perMs: 1000, burst: 10 }, concurrency: 40 });
  bench.start();
  bench.start();
  await bench.clock.advance(4000);
  const at = instants().sort((a, b) => a - b);
  for (const [i, instant] of at.entries()) {
    if (i >= 10) expect(instant - (at[i - 10] as number)).toBeGreaterThanOrEqual(1000);
  }
});

test('stops: what is in flight goes back to its place with no attempt spent', async () => {
  bench.service = () => ({ ms: 60_000, end: answered(200) });
  await bench.enqueue(3, { concurrency: 2 });
  const engine = bench.start();
  await bench.clock.advance(10);
  await engine.stop();
  expect(await counts()).toMatchObject({ waiting: 3, leased: 0 });
});

test('winds down: claims nothing more, lets what is in flight end, and is idle then', async () => {
  bench.service = () => ({ ms: 1000, end: answered(200) });
  await bench.enqueue(5, { concurrency: 2 });
  const engine = bench.start();
  await bench.clock.advance(10);
  engine.windDown();
  const idle = engine.whenIdle(T0 + 60_000);
  await bench.clock.advance(2000);
  await idle;
  expect(await counts()).toMatchObject({ done: 2, waiting: 3, leased: 0 });
});

test('winds down with a job that is due later: is idle at once, since another may lead', async () => {
  bench.service = () => ({ ms: 10, end: answered(500) });
  await bench.enqueue(1, { backoff: { baseMs: 60_000, maxMs: 60_000 } });
  const engine = bench.start();
  await bench.clock.advance(100);
  let isIdle = false;
  void engine.whenIdle(T0 + 600_000).then(() => (isIdle = true));
  await bench.clock.advance(100);
  expect(isIdle).toBe(false);
  engine.windDown();
  await bench.clock.advance(100);
  expect(isIdle).toBe(true);
});

test('waits a window after the clock was set, never longer', async () => {
  await bench.enqueue(3, { rate: { limit: 1, perMs: 1000, burst: 1 }, concurrency: 3 });
  bench.start();
  await bench.clock.advance(100);
  bench.clock.jump(-3_600_000);
  bench.notify.tell([{ type: 'nudged', queue: 'orders' }]);
  await bench.clock.advance(5000);
  expect(await counts()).toMatchObject({ done: 3 });
});

test('looks again after storage has failed, and loses no outcome', async () => {
  await bench.enqueue(2);
  const { turn } = bench.store;
  let failures = 2;
  bench.store.turn = (request, instant) => {
    if (request.settlements.length > 0 && failures-- > 0) return Promise.reject(new Error('disk'));
    return turn(request, instant);
  };
  bench.start();
  await bench.clock.advance(10_000);
  expect(bench.events.filter(({ type }) => type === 'storage-failed')).toHaveLength(2);
  expect(await counts()).toMatchObject({ done: 2, leased: 0 });
  expect(bench.sends).toHaveLength(2);
});

test.each(['always', 'never'] as const)(
  'a turn that commits and whose report is lost holds no job, where repeat is %s',
  async (repeat) => {
    await bench.enqueue(6, { repeat, concurrency: 2 });
    const { turn } = bench.store;
    let lost = 0;
    bench.store.turn = async (request, instant) => {
      const report = await turn(request, instant);
      if (!report || request.turn % 3 === 0) return report;
      lost += 1;
      throw new Error('the connection is lost');
    };
    bench.start();
    await bench.clock.advance(60_000);
    expect(lost).toBeGreaterThan(3);
    expect(bench.sends).toHaveLength(6);
    expect(await counts()).toMatchObject({ done: 6, leased: 0, dead: {}, sends: 6 });
  },
);

test('an order that takes long is sent once, however many engines come that cannot know that they are alone', async () => {
  bench.service = () => ({ ms: 60_000, end: answered(200) });
  await bench.enqueue(1);
  bench.start({ isAlone: false });
  for (let i = 0; i < 5; i++) {
    await bench.clock.advance(2000);
    bench.start({ isAlone: false });
  }
  await bench.clock.advance(60_000);
  expect(bench.sends).toHaveLength(1);
  expect(await counts()).toMatchObject({ done: 1, dead: {} });
});

test('looks at storage that goes on failing less and less often, each minute at the least', async () => {
  await bench.enqueue(1);
  const { turn } = bench.store;
  bench.store.turn = () => Promise.reject(new Error('disk'));
  bench.start();
  await bench.clock.advance(10 * 60_000);
  const looks = bench.events.filter(({ type }) => type === 'storage-failed').length;
  expect(looks, 'after 1, 3, 7, 15, 31, 63 s, then each minute').toBe(15);
  bench.store.turn = turn;
  await bench.clock.advance(60_000);
  expect(await counts()).toMatchObject({ done: 1 });
});

test('a turn that asks for the next at once gets it a millisecond later, so that it finds another instant', async () => {
  await bench.enqueue(1, { rate: { limit: 1, perMs: 1000, burst: 1 } });
  const { turn } = bench.store;
  let turns = 0;
  bench.store.turn = async (request, instant) => {
    const report = await turn(request, instant);
    turns += 1;
    return report && turns < 1000 ? { ...report, nextAt: instant.now } : report;
  };
  bench.start();
  await bench.clock.advance(4);
  expect(turns).toBe(5);
});

test('sends nothing while paused, and goes on at the word', async () => {
  await bench.enqueue(2);
  await commandQueues(bench.database, 'orders', { kind: 'pause' }, bench.clock.now());
  bench.start();
  await bench.clock.advance(60_000);
  expect(bench.sends).toEqual([]);
  bench.notify.tell(await commandQueues(bench.database, 'orders', { kind: 'resume' }, bench.clock.now()));
  await bench.clock.advance(100);
  expect(bench.sends).toHaveLength(2);
});

test.each<[what: string, policy: Partial<QueuePolicy>, command: QueueCommand]>([
  ['a resume', {}, { kind: 'resume' }],
  ['a nudge', {}, { kind: 'nudge' }],
  ['a policy', { maxAttempts: 9 }, { kind: 'patch', patch: { rate: { limit: 9, perMs: 1000 } } }],
])('%s of which no word is heard is found within seconds', async (what, policy, command) => {
  if (what === 'a nudge') bench.service = () => ({ ms: 5, end: answered(401) });
  const rate = { limit: 1, perMs: 3_600_000, burst: 1 };
  await bench.enqueue(2, { ...policy, ...(what === 'a policy' ? { rate } : {}), concurrency: 1 });
  if (what === 'a resume') await commandQueues(bench.database, 'orders', { kind: 'pause' }, T0);
  bench.start();
  await bench.clock.advance(60_000);
  const before = bench.sends.length;
  expect(before).toBe(what === 'a resume' ? 0 : 1);
  await commandQueues(bench.database, 'orders', command, bench.clock.now());
  await bench.clock.advance(4000);
  expect(bench.sends.length).toBeGreaterThan(before);
});

test('a job that comes to a paused queue is sent within seconds of a resume of which no word is heard', async () => {
  await bench.enqueue(1);
  bench.start();
  await bench.clock.advance(2000);
  expect(bench.sends).toHaveLength(1);
  bench.notify.tell(await commandQueues(bench.database, undefined, { kind: 'pause' }, bench.clock.now()));
  await bench.clock.advance(10_000);
  await bench.enqueue(1);
  await bench.clock.advance(1000);
  await commandQueues(bench.database, undefined, { kind: 'resume' }, bench.clock.now());
  await bench.clock.advance(10_000);
  expect(bench.sends).toHaveLength(2);
});

test('a job that is released with no word of it is found within seconds, and so is one of a user who comes back within a minute', async () => {
  const [ticket = ''] = await bench.enqueue(1, {}, { options: { held: true } });
  bench.start();
  await bench.clock.advance(60_000);
  await commandJob(bench.database, releaseJob(ticket), bench.clock.now());
  await bench.clock.advance(4000);
  expect(bench.sends).toHaveLength(1);
  await signIn(bench.database, { user: 'ann', adopt: false, now: bench.clock.now() });
  await bench.enqueue(1);
  await signIn(bench.database, { user: null, adopt: false, now: bench.clock.now() });
  bench.notify.tell([{ type: 'identified' }]);
  await bench.clock.advance(60_000);
  expect(bench.sends).toHaveLength(1);
  await signIn(bench.database, { user: 'ann', adopt: false, now: bench.clock.now() });
  await bench.clock.advance(61_000);
  expect(bench.sends).toHaveLength(2);
});

test('with no job there, nothing is read', async () => {
  await bench.enqueue(1);
  bench.start();
  await bench.clock.advance(10_000);
  const looks = vi.spyOn(bench.store, 'queues');
  await bench.clock.advance(3_600_000);
  expect(looks).not.toHaveBeenCalled();
});

test('beats only while there is work', async () => {
  let beats = 0;
  bench.store.beat = async () => {
    beats += 1;
  };
  bench.service = () => ({ ms: 7000, end: answered(200) });
  bench.start();
  await bench.clock.advance(60_000);
  expect(beats).toBe(0);
  await bench.enqueue(1);
  await bench.clock.advance(60_000);
  expect(beats).toBe(3);
});

test('erases what is left of a user who was forgotten, though nobody has told, and storage refuses at first', async () => {
  await bench.enqueue(1);
  await commandQueues(bench.database, 'orders', { kind: 'pause' }, T0);
  bench.start();
  await bench.clock.advance(100);
  await forget(bench.database, null, T0);
  vi.spyOn(bench.store, 'eraseForgotten').mockRejectedValueOnce(new Error('not now'));
  await bench.clock.advance(3_600_000);
  bench.notify.tell([{ type: 'nudged', queue: 'orders' }]);
  await bench.clock.advance(100);
  expect(await counts()).toMatchObject({ waiting: 1 });
  await bench.clock.advance(1000);
  expect(await counts()).toMatchObject({ waiting: 0, cancelled: { cleared: 1 } });
});

test('once the clock was set back, a rate that queues share is full for one window, whichever wakes when', async () => {
  const policy = { limits: { 'https://example.test': { limit: 1, perMs: 60_000, burst: 1 } } };
  const photos = { queue: 'photos' };
  await bench.enqueue(1, policy);
  await bench.enqueue(1, policy, photos);
  const engine = bench.start();
  await bench.clock.advance(130_000);
  expect(bench.sends).toHaveLength(2);
  bench.clock.jump(-3_600_000);
  const setAt = bench.clock.now();
  await bench.enqueue(1, policy);
  await bench.clock.advance(50_000);
  await bench.enqueue(1, policy, photos);
  await bench.clock.advance(15_000);
  expect(bench.sends.slice(2)).toEqual([`2@${setAt - T0 + 60_050}`]);
  await engine.stop();
});
