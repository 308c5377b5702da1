import { expect, test, vi } from 'vitest';
import { Bench } from './engine.kit.js';

test('a burst into queues that are new costs two looks, and all of it is sent', async () => {
  const bench = new Bench();
  bench.start();
  await bench.clock.advance(10);
  const looks = vi.spyOn(bench.store, 'queues');
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => bench.enqueue(5, { concurrency: 5 }, { queue: `q${i}` })),
  );
  bench.notify.tell(
    Array.from({ length: 1000 }, (_, i) => ({ type: 'accepted', queue: `lie-${i}`, ticket: 'none', at: 0 })),
  );
  await bench.clock.advance(1000);
  expect(bench.sends).toHaveLength(100);
  expect(looks).toHaveBeenCalledTimes(2);
});
