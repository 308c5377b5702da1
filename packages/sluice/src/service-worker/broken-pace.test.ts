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
  const { turn } = createBrokenPace(definition, clock);
  const passed: number[] = [];
  const pass = (): void => void turn('orders').then(() => passed.push(clock.now()));
  const startedAt = clock.now();
  pass();
  pass();
  await clock.advance(2000);
  expect(passed).toEqual([startedAt, startedAt + 1050]);
  clock.jump(-3_600_000);
  const setAt = clock.now();
  pass();
  await turn('photos');
  await clock.advance(2000);
  expect(passed.slice(2)).toEqual([setAt + 1050]);
});
