import { beforeEach, expect, test } from 'vitest';
import { storedPost } from '../core/job.kit.js';
import type { QueuePolicy } from '../core/policy.js';
import type { Claim } from '../core/ports.js';
import { readQueues } from '../store/queues.js';
import { answered, Bench, type Service } from './engine.kit.js';

let bench: Bench;

beforeEach(() => {
  bench = new Bench();
});

const PATHS = { alike: 'https://example.test/api/orders', another: 'https://example.test/api/poison' };
const PER_SECOND: Partial<QueuePolicy> = { rate: { limit: 1, perMs: 1000, burst: 1 } };
const counts = async () => (await readQueues(bench.database))[0]?.counts;

/** These fail with a network error each time. */
const failing =
  (isPoison: (claim: Claim) => boolean): Service =>
  (claim) => ({
    ms: 5,
    end: isPoison(claim) ? { kind: 'network-error', detail: 'refused' } : answered(200),
  });

const poison = (count: number, policy: Partial<QueuePolicy> = {}, url = PATHS.another) =>
  bench.enqueue(count, policy, { request: storedPost(url), idempotencyKey: 'poison' });

const isPoison = ({ job }: Claim) => job.idempotencyKey === 'poison';

test.each([
  ['of the same URL', PATHS.alike, 8, {}, 15],
  ['of another path', PATHS.another, 8, {}, 15],
  ['of another path', PATHS.another, 100, {}, 15],
  ['of the same URL', PATHS.alike, 8, PER_SECOND, 60],
  ['of another path', PATHS.another, 8, PER_SECOND, 30],
  ['of another path', PATHS.another, 100, PER_SECOND, 30],
])(
  'jobs that always fail as in an outage, %s, hold up twenty behind them for little (%#)',
  async (_, url, count, policy, seconds) => {
    bench.service = failing(isPoison);
    await poison(count, policy, url);
    await bench.enqueue(20, policy);
    bench.start();
    await bench.clock.advance(seconds * 1000);
    expect(await counts()).toMatchObject({ done: 20, dead: {} });
  },
);

test('what has failed before and after the service answered others is no outage from then on', async () => {
  bench.service = failing(isPoison);
  await poison(8);
  bench.start();
  for (let i = 0; i < 2; i++) {
    await bench.enqueue(20);
    await bench.clock.advance(120_000);
  }
  expect(await counts()).toMatchObject({ done: 40 });
  await bench.clock.advance(600_000);
  bench.events.length = 0;
  const sends = bench.sends.length;
  await bench.clock.advance(600_000);
  expect(bench.sends.length - sends).toBeLessThan(60);
  await bench.enqueue(20);
  await bench.clock.advance(3000);
  expect(await counts()).toMatchObject({ done: 60 });
  expect(bench.events.filter(({ type }) => type === 'probing')).toEqual([]);
});

test('what fails by itself is dead after its attempts, one for each time that others were answered', async () => {
  bench.service = failing(isPoison);
  await poison(2, { maxAttempts: 4, backoff: { baseMs: 100, maxMs: 1000 } });
  bench.start();
  await bench.clock.advance(600_000);
  expect(await counts()).toMatchObject({ waiting: 2, dead: {} });
  for (let i = 0; i < 10; i++) {
    await bench.enqueue(1);
    await bench.clock.advance(60_000);
  }
  expect(await counts()).toMatchObject({ done: 10, waiting: 0, dead: { attempts: 2 } });
});

test.each([0, 20])(
  'an hour of outage kills no job that had failed by itself before, with %i others, and is asked seldom',
  async (others) => {
    bench.service = failing(isPoison);
    await poison(3, { concurrency: 6, maxAttempts: 4 });
    bench.start();
    for (let i = 0; i < 2; i++) {
      await bench.clock.advance(5000);
      await bench.enqueue(1);
    }
    await bench.clock.advance(5000);
    bench.service = failing(() => true);
    await bench.enqueue(others);
    await bench.clock.advance(60_000);
    const sends = bench.sends.length;
    await bench.clock.advance(3_540_000);
    expect(bench.sends.length - sends).toBeLessThan(100);
    expect(await counts()).toMatchObject({ done: 2, dead: {}, waiting: 3 + others });
    bench.service = () => ({ ms: 5, end: answered(200) });
    await bench.clock.advance(900_000);
    expect(await counts()).toMatchObject({ done: 5 + others, dead: {} });
  },
);
