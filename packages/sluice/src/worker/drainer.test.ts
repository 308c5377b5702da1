import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { createRuntime } from '../drain/runtime.js';
import { openMemory } from '../store/memory.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { Drainer } from './drainer.js';

test('a lock that the browser refuses is not asked for without end: the engine leads without it', async () => {
  let asked = 0;
  const locks = {
    request: async () => {
      asked += 1;
      await new Promise(setImmediate);
      throw new DOMException('The request was denied.', 'SecurityError');
    },
  } as unknown as LockManager;
  const notify = createHub()();
  const runtime = createRuntime(defineSluice({ queues: { orders: { match: () => true } } }), {
    base: 'https://app.test/',
    database: openMemory(),
    notify,
    clock: new FakeClock(),
    chance: () => 0.5,
    fetch: async () => new Response(),
    locks,
  });
  const leading = new Promise<void>((resolve) => {
    notify.listen((events) => {
      if (events.some(({ type }) => type === 'leading')) resolve();
    });
  });
  const drainer = new Drainer(runtime);
  drainer.resume(false);
  await leading;
  await drainer.suspend();
  expect(asked).toBe(1);
});
