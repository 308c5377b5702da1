import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LaunchOptions } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';
import { awaited } from './awaited.js';
import { bodies } from './bodies.js';
import { mainThread } from './main-thread.js';
import { crowded } from './crowded.js';
import { hidden } from './hidden.js';
import { idle } from './idle.js';
import { pace } from './pace.js';
import { startUp } from './start-up.js';
import { tabs } from './tabs.js';
import { wire } from './wire.js';
import { drain } from './drain.js';
import { enqueue } from './enqueue.js';
import { intercept } from './intercept.js';
import { type Engine, inLab } from './lab.js';
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
  awaited,
  crowded,
  hidden,
  workerHeap,
  mainThread,
];

export interface Surroundings {
  root: string;
  pagesDir: string;
  /** How each browser is started. */
  launchOptions: (engine: Engine) => Promise<LaunchOptions>;
}

/**
 * `npm run bench [-- NAME] [--smoke] [--browser firefox]`: runs one benchmark or all, prints their figures and writes them
 * down: of some, beside what is written down of the others.
 */
export async function main(args: string[], { root, pagesDir, launchOptions }: Surroundings): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { smoke: { type: 'boolean' }, browser: { type: 'string', default: 'chromium' } },
    allowPositionals: true,
  });
  const engine = engineOf(values.browser);
  const launch = await launchOptions(engine);
  const results: Record<string, Figure[]> = {};
  for (const benchmark of chosen(positionals)) {
    console.log(`\n${benchmark.name}: ${benchmark.shows}`);
    if (benchmark.isChromiumOnly && engine !== 'chromium') {
      console.log('left out: Chromium alone can be looked into so');
      continue;
    }
    const figures = await inLab({ pagesDir, engine, launch }, (lab) =>
      benchmark.run(lab, { isSmoke: values.smoke === true }),
    );
    console.table(figures.map(rowOf));
    results[benchmark.name] = figures;
  }
  if (values.smoke) return;
  mkdirSync(join(root, 'bench'), { recursive: true });
  const file = join(root, 'bench', engine === 'chromium' ? 'results.json' : `results-${engine}.json`);
  const others = positionals.length > 0 && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  writeFileSync(file, `${JSON.stringify({ ...others, ...results }, null, 2)}\n`);
}

function engineOf(name: string): Engine {
  if (name === 'chromium' || name === 'firefox') return name;
  throw new Error(`--browser is chromium or firefox, not '${name}'`);
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
