import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createBrokenPace } from './broken-pace.js';

const match = { method: 'POST', url: '/orders' };
const definition = defineSluice({
  queues: { orders: { match, rate: { limit: 1, perMs: 1000 } }, photos: { match } },
});

test('the rate is kept, and a clock that is set back holds nothing for longer than a window', async () => {
  const clock = new FakeClock();
  const { pass: send } = createBrokenPace(definition, clock);
  const passed: number[] = [];
  const pass = (): void => void send('orders', async () => passed.push(clock.now()));
  const startedAt = clock.now();
  pass();
  pass();
  await clock.advance(2000);
  expect(passed).toEqual([startedAt, startedAt + 1050]);
  clock.jump(-3_600_000);
  const setAt = clock.now();
  pass();
  await send('photos', async () => undefined);
  await clock.advance(2000);
  expect(passed.slice(2)).toEqual([setAt + 1050]);
});

test('no more than `concurrency` are in flight, and one that never ends keeps its place for `timeoutMs`', async () => {
  const { queues } = defineSluice({ queues: { orders: { match, concurrency: 1, timeoutMs: 5000 } } });
  const clock = new FakeClock();
  const { pass } = createBrokenPace({ ...definition, queues }, clock);
  const began: number[] = [];
  let answer = (): void => undefined;
  const first = pass('orders', () => new Promise<void>((resolve) => (answer = resolve)));
  void pass('orders', () => new Promise(() => began.push(clock.now())));
  void pass('orders', async () => began.push(clock.now()));
  await clock.advance(1000);
  expect(began).toEqual([]);
  answer();
  await first;
  await clock.advance(6000);
  expect(began[1]).toBe((began[0] ?? 0) + 5000);
});
