import { expect, test, vi } from 'vitest';
import { openMemory } from '../store/memory.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { followDepth } from './vanished.js';

test('a page that is closed looks no more, also where a look was coming', async () => {
  const clock = new FakeClock();
  const notify = createHub()();
  const database = openMemory();
  const run = vi.spyOn(database, 'run');
  const watched = { name: 'sluice', depth: () => 7, tellLost: () => undefined };
  const stop = followDepth({ database, notify, clock, chance: () => 0.5 }, watched);
  notify.tell([{ type: 'paused', queue: 'orders' }]);
  await clock.advance(1000);
  expect(run).toHaveBeenCalled();
  run.mockClear();
  notify.tell([{ type: 'resumed', queue: 'orders' }]);
  stop();
  notify.tell([{ type: 'paused', queue: 'orders' }]);
  await clock.advance(10_000);
  expect(run).not.toHaveBeenCalled();
});
