import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LaunchOptions } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import { bodies } from './bodies.js';
import { idle } from './idle.js';
import { pace } from './pace.js';
import { startUp } from './start-up.js';
import { tabs } from './tabs.js';
import { wire } from './wire.js';
import { drain } from './drain.js';
import { enqueue } from './enqueue.js';
import { intercept } from './intercept.js';
import { inLab } from './lab.js';
import { profile } from './profile.js';
import { rateKept } from './rate-kept.js';
import { receiptLatency } from './receipt-latency.js';
import { scale } from './scale.js';
import { unmatched } from './unmatched.js';
import { workerHeap } from './worker-heap.js';

const BENCHMARKS: readonly Benchmark[] = [
  intercept,
  enqueue,
  drain,
  unmatched,
  scale,
  bodies,
  tabs,
  pace,
  startUp,
  idle,
  wire,
  profile,
  receiptLatency,
  rateKept,
  workerHeap,
];

export interface Surroundings {
  root: string;
  pagesDir: string;
  launch: LaunchOptions;
}

/** `npm run bench [-- NAME] [--smoke]`: runs one benchmark or all, prints their figures and writes them down. */
export async function main(args: string[], { root, pagesDir, launch }: Surroundings): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { smoke: { type: 'boolean' } },
    allowPositionals: true,
  });
  const results: Record<string, Figure[]> = {};
  for (const benchmark of chosen(positionals)) {
    console.log(`\n${benchmark.name}: ${benchmark.shows}`);
    const figures = await inLab({ pagesDir, launch }, (lab) =>
      benchmark.run(lab, { isSmoke: values.smoke === true }),
    );
    console.table(figures.map(rowOf));
    results[benchmark.name] = figures;
  }
  if (values.smoke) return;
  mkdirSync(join(root, 'bench'), { recursive: true });
  writeFileSync(join(root, 'bench', 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
}

function chosen(names: string[]): readonly Benchmark[] {
  if (names.length === 0) return BENCHMARKS;
  return names.map((name) => {
    const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
    if (found) return found;
    throw new Error(
      `there is no benchmark '${name}'; known are ${BENCHMARKS.map((one) => one.name).join(', ')}.`,
    );
  });
}

function rowOf({ name, value, unit, spread, ratioTo }: Figure): Record<string, string> {
  return {
    figure: name,
    value: `${value.toFixed(2)} ${unit}`.trim(),
    spread: spread ? `${spread.min.toFixed(2)} to ${spread.max.toFixed(2)}` : '',
    ratio: ratioTo ? `${ratioTo.ratio.toFixed(2)} x ${ratioTo.name}` : '',
  };
}
