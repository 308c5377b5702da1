import type { ControllerMaker } from './controller.js';
import { simulate } from './fleet.js';
import { type Bar, isMet, meanOf } from './goals/goal.js';
import { reconnectBurst } from './scenario.js';
import { type Summary, summaryOf } from './summary.js';

type Row = Record<string, string>;

/** One column a size of the fleet: T95 x ideal, share rejected, peak x capacity; or what share was lost. */
export function rivalRow(
  make: ControllerMaker,
  { sizes, seeds }: { sizes: readonly number[]; seeds: readonly number[] },
): Row {
  const row: Row = {};
  for (const clients of sizes) {
    const scenario = reconnectBurst(clients);
    const runs = seeds.map((seed) => summaryOf(simulate(scenario, make, seed), scenario));
    row[`N = ${clients.toLocaleString('en')}`] = cell(runs);
  }
  return row;
}

function cell(runs: readonly Summary[]): string {
  const mean = (of: (run: Summary) => number): number => meanOf(runs.map(of));
  const lost = mean((run) => run.lost);
  if (lost > 0) return `${(100 * lost).toFixed(0)} % lost`;
  const t95s = runs.map((run) => run.t95);
  const rest = `${share(mean((run) => run.rejected))} / ${mean((run) => run.peak).toFixed(1)}`;
  return `${Number.isFinite(meanOf(t95s)) ? spread(t95s) : 'never'} / ${rest}`;
}

export function goalRow(bar: Bar): Row {
  const wanted = 'atMost' in bar.bar ? `<= ${bar.bar.atMost}` : `>= ${bar.bar.atLeast}`;
  return {
    goal: bar.goal,
    what: bar.what,
    bar: wanted,
    reached: spread(bar.reached),
    met: isMet(bar) ? 'yes' : 'NO',
  };
}

function spread(values: readonly number[]): string {
  const [mean, min, max] = [meanOf(values), Math.min(...values), Math.max(...values)].map(plain);
  return min === max ? `${mean}` : `${mean} [${min}..${max}]`;
}

function plain(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

function share(value: number): string {
  return value.toFixed(2).replace(/^0/, '');
}
