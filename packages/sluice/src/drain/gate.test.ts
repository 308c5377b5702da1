import { expect, test, vi } from 'vitest';
import { Bench } from './engine.kit.js';
import { Gate } from './gate.js';

/** A piece of work that ends when it is told to. */
function piece() {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { done, end: () => end() };
}

const rest = () => new Promise((resolve) => setTimeout(resolve, 0));

test('lets so many through at a time, in the order in which they came', async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const pieces = [0, 1, 2, 3].map(piece);
  const passed = pieces.map(({ done }, i) =>
    gate.pass(() => {
      begun.push(i);
      return done;
    }),
  );
  await rest();
  expect(begun).toEqual([0, 1]);
  pieces[1]?.end();
  await rest();
  expect(begun).toEqual([0, 1, 2]);
  for (const { end } of pieces) end();
  await Promise.all(passed);
  expect(begun).toEqual([0, 1, 2, 3]);
});

test('work that fails lets the next one in', async () => {
  const gate = new Gate(1);
  const failed = gate.pass(() => Promise.reject(new Error('disk')));
  const next = gate.pass(async () => 'in');
  await expect(failed).rejects.toThrow('disk');
  expect(await next).toBe('in');
});

test('of a hundred queues two have a turn at a time, and all are served', async () => {
  const { bench, turns } = await hundredQueues();
  bench.start();
  const served = async (): Promise<number> => {
    await bench.clock.advance(50);
    return bench.sends.length;
  };
  await expect.poll(served).toBe(100);
  expect(turns.most).toBe(2);
});

test('an engine that stops has no turn for the queues that stand in line', async () => {
  const { bench, turns } = await hundredQueues();
  const engine = bench.start();
  await turns.first;
  const stopped = engine.stop();
  await bench.clock.advance(100);
  await stopped;
  expect(turns.begun).toBeLessThan(50);
  expect(bench.sends).toEqual([]);
});

/** Each has a job. A turn takes some time, as on a disk. */
async function hundredQueues() {
  const bench = new Bench();
  for (let i = 0; i < 100; i++) await bench.enqueue(1, {}, { queue: `q${i}` });
  const turn = bench.store.turn.bind(bench.store);
  let begin = (): void => undefined;
  const first = new Promise<void>((resolve) => (begin = resolve));
  const turns = { begun: 0, underWay: 0, most: 0, first };
  vi.spyOn(bench.store, 'turn').mockImplementation(async (request, instant) => {
    begin();
    turns.begun += 1;
    turns.underWay += 1;
    turns.most = Math.max(turns.most, turns.underWay);
    await rest();
    return turn(request, instant).finally(() => {
      turns.underWay -= 1;
    });
  });
  return { bench, turns };
}
