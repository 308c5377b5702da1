import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark, Figure } from './benchmark.js';
import type { Depth, Operation } from './store-under-test.js';

const OPERATIONS: readonly Operation[] = ['enqueue', 'claim', 'settle', 'list'];
const FEW: Depth = { name: '100 waiting', waiting: 100, scheduled: 0 };

/** Every transaction is a lookup by key: it costs the same whatever waits. */
export const scale: Benchmark = {
  name: 'scale',
  shows: 'what a transaction of one job costs, by the depth of the queue, p50',
  run: async (lab, { isSmoke }) => {
    const depths = isSmoke
      ? [FEW, { name: '1,000 waiting', waiting: 1000, scheduled: 0 }]
      : [
          FEW,
          { name: '100,000 waiting', waiting: 100_000, scheduled: 0 },
          { name: '100,000 in backoff', waiting: 100, scheduled: 100_000 },
          { name: '1,000,000 waiting', waiting: 1_000_000, scheduled: 0 },
        ];
    const page = await lab.openStore();
    for (const depth of depths) await page.evaluate((depth) => storage.fill(depth), depth);
    const figures: Figure[] = [];
    for (const operation of OPERATIONS)
      figures.push(...(await compare(page, { operation, depths, isSmoke })));
    return figures;
  },
};

async function compare(
  page: Page,
  { operation, depths, isSmoke }: { operation: Operation; depths: readonly Depth[]; isSmoke: boolean },
): Promise<Figure[]> {
  const measure = (name: string, count: number): Promise<number> =>
    page.evaluate(({ name, operation, count }) => storage.measure(name, operation, count), {
      name,
      operation,
      count,
    });
  const contenders = Object.fromEntries(
    depths.map(({ name }) => [name, () => measure(name, isSmoke ? 5 : 50)]),
  );
  await alternate(1, contenders);
  const summaries = await alternate(isSmoke ? 1 : 9, contenders);
  return figuresOf(operation, summaries, { unit: 'ms', ratioTo: FEW.name });
}
