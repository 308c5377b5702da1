import { alternateAll, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';
import type { Summary } from './stats.js';
import type { Depth, Operation } from './store-under-test.js';

const OPERATIONS: readonly Operation[] = ['enqueue', 'claim', 'settle', 'list'];

const waiting = (waiting: number): Depth => ({
  name: `${waiting.toLocaleString('en')} waiting`,
  waiting,
  scheduled: 0,
});
/** What IndexedDB takes for as much by itself: a row, and one index. */
const raw = (depth: Depth): Depth => ({ ...depth, name: `raw, ${depth.name}`, isRaw: true });

const FEW = waiting(100);
const MANY = [
  waiting(100_000),
  { name: '100,000 in backoff', waiting: 100, scheduled: 100_000 },
  waiting(1_000_000),
];

type Taken = Record<Operation, Summary>;

/** Every transaction is a lookup by key: it costs the same whatever waits. */
export const scale: Benchmark = {
  name: 'scale',
  shows: 'what a transaction of one job costs, by the depth of the queue, p50',
  run: async (lab, { isSmoke }) => {
    const many = isSmoke ? [waiting(1000)] : MANY;
    const ours = [FEW, ...many];
    const theirs = [FEW, ...many.filter(({ scheduled }) => scheduled === 0)].map(raw);
    const page = await lab.openStore();
    for (const depth of [...ours, ...theirs]) await page.evaluate((depth) => storage.fill(depth), depth);
    const measure = (name: string): Promise<Record<Operation, number>> =>
      page.evaluate(({ name, count }) => storage.measure(name, count), { name, count: isSmoke ? 5 : 50 });
    const contenders = Object.fromEntries(
      [...ours, ...theirs].map(({ name }) => [name, () => measure(name)]),
    );
    await alternateAll(1, contenders);
    const taken = await alternateAll(isSmoke ? 1 : 9, contenders);
    const figures = (operation: Operation, depths: readonly Depth[]) => {
      const summaries = depths.map(({ name }) => [name, (taken[name] as Taken)[operation]] as const);
      const [few = FEW] = depths;
      return figuresOf(operation, Object.fromEntries(summaries), { unit: 'ms', ratioTo: few.name });
    };
    return OPERATIONS.flatMap((operation) => [...figures(operation, ours), ...figures(operation, theirs)]);
  },
};
