import { parseArgs } from 'node:util';
import { crowdGoals } from './goals/crowd.js';
import { costGoal } from './goals/cost.js';
import { barsOf, type Goal } from './goals/goal.js';
import { loneGoals } from './goals/lone.js';
import { troubleGoals } from './goals/trouble.js';
import { neverMoreThanTheLimit, usesTheWindow } from './goals/window.js';
import { RIVALS } from './rivals/index.js';
import { pacedSluice, sluice } from './sluice.js';
import { goalRow, rivalRow } from './tables.js';

const FIRST_SEED = 2001;
const SIZES = [1, 10, 1000, 10_000, 100_000] as const;
const LARGE = 100_000;

/** As the lab had it, for sizes at which a client's fair share is more than our default ceiling of 20 a second. */
const WIDE = { ceilingPerSecond: 200, concurrency: 16 };

/** The goals of the flow in simulated time, in order. */
export const GOALS: readonly Goal[] = [
  neverMoreThanTheLimit,
  usesTheWindow,
  ...loneGoals(sluice(), pacedSluice({ limit: 10, perMs: 1000, burst: 10 })),
  ...crowdGoals(sluice()),
  ...troubleGoals(sluice()),
].toSorted((a, b) => Number(a.name.slice(1)) - Number(b.name.slice(1)));

/**
 * `npm run bench -- fleet [--clients N] [--seeds N]`: rivals by size of the fleet, then the goals. Needs no browser.
 * Fleets up to `--clients` (10,000) are simulated; from 100,000 on the goals of that size too, which takes minutes.
 */
export function fleet(args: string[]): void {
  const { values } = parseArgs({ args, options: { clients: { type: 'string' }, seeds: { type: 'string' } } });
  const clients = Number(values.clients ?? 10_000);
  const seeds = Array.from({ length: Number(values.seeds ?? 3) }, (_, i) => FIRST_SEED + i);
  console.log(
    `\nfleet: a reconnect burst without hints: T95 x ideal / rejected / peak x capacity; mean [min..max] of ${seeds.length} seeds`,
  );
  const sizes = SIZES.filter((size) => size <= clients);
  const contenders = { ...RIVALS, 'Sluice, defaults': sluice(), 'Sluice, up to 200/s': sluice(WIDE) };
  const rows = Object.entries(contenders).map(([name, make]) => [name, rivalRow(make, { sizes, seeds })]);
  console.table(Object.fromEntries(rows));
  console.log(`\nfleet: the goals; mean [min..max] of ${seeds.length} seeds`);
  const goals: Goal[] = [...GOALS, costGoal].filter(({ isLarge }) => !isLarge || clients >= LARGE);
  console.table(goals.flatMap((goal) => barsOf(goal, seeds)).map(goalRow));
}
