import {
  again,
  bySeed,
  byWeek,
  everyPair,
  everyStep,
  type Finding,
  type Log,
  newLog,
  untilFound,
} from './explore.ts';
import { MUTANTS } from './mutants/index.ts';
import { run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { SEALED_WEEK, WEEK } from './scenarios/week.ts';

export { MUTANTS };

/** A share of the work, which a thread does by itself. */
export type Task =
  /** Each fault at each call of a scenario. */
  | { kind: 'steps'; scenario: string }
  /** Kills at all pairs of calls of a scenario, or at that share of them. */
  | { kind: 'pairs'; scenario: string; share: number }
  /** Faults by chance, in scenarios by chance or in the one. */
  | { kind: 'seeds'; from: number; count: number; scenario: string | undefined }
  /** Weeks of an app, with faults by chance. */
  | { kind: 'weeks'; from: number; count: number }
  /** I31: the same seed, the same trace. */
  | { kind: 'repeats' }
  /** One run again, as it was printed. */
  | { kind: 'replay'; finding: Finding };

export interface Tried extends Log {
  /** Calls that have an effect, or pairs of them. */
  count: number;
}

export interface Options {
  /** Random runs, and the first of their seeds. */
  seeds: number;
  from: number;
  /** The share of the pairs of kills in scenarios of three jobs; in those of one or two it is all of them. */
  pairs: number;
  scenario: string | undefined;
}

const SEEDS_AT_ONCE = 100;

/** All that there is to do, what takes longest first. @throws Error for a scenario that is not there */
export function tasksOf({ seeds, from, pairs, scenario: only }: Options): Task[] {
  const scenarios = SCENARIOS.filter(({ name }) => only === undefined || name === only);
  if (scenarios.length === 0) throw new Error(`there is no scenario '${only}'`);
  const chunks = Array.from({ length: Math.ceil(seeds / SEEDS_AT_ONCE) }, (_, i) => i * SEEDS_AT_ONCE);
  return [
    ...scenarios.map(
      ({ name, jobs }): Task => ({ kind: 'pairs', scenario: name, share: jobs === 3 ? pairs : 1 }),
    ),
    ...scenarios.map(({ name }): Task => ({ kind: 'steps', scenario: name })),
    ...chunks.map(
      (done): Task => ({
        kind: 'seeds',
        from: from + done,
        count: Math.min(SEEDS_AT_ONCE, seeds - done),
        scenario: only,
      }),
    ),
    { kind: 'repeats' },
  ];
}

export async function perform(task: Task): Promise<Tried> {
  const log = newLog();
  return { count: await explore(task, log), ...log };
}

async function explore(task: Task, log: Log): Promise<number> {
  switch (task.kind) {
    case 'steps':
      return everyStep(scenarioOf(task.scenario), log);
    case 'pairs':
      return everyPair(scenarioOf(task.scenario), log, task.share);
    case 'seeds': {
      const scenarios = task.scenario === undefined ? SCENARIOS : [scenarioOf(task.scenario)];
      for (let seed = task.from; seed < task.from + task.count; seed++) await bySeed(scenarios, log, seed);
      return task.count;
    }
    case 'weeks':
      for (let seed = task.from; seed < task.from + task.count; seed++) await byWeek(log, seed);
      return task.count;
    case 'replay':
      await again(log, scenarioOf(task.finding.scenario), task.finding);
      return 1;
    case 'repeats':
      return checkRepeatable(log);
  }
}

async function checkRepeatable(log: Log): Promise<number> {
  for (const scenario of SCENARIOS) {
    const options = { seed: 7, faultRate: 0.02 };
    const first = await run(scenario, options);
    const second = await run(scenario, options);
    log.runs += 1;
    if (first.traceHash === second.traceHash) continue;
    const failures = [`repeatable: ${first.traceHash}, then ${second.traceHash}`];
    log.findings.push({ scenario: scenario.name, seed: 7, faults: [], failures });
  }
  return SCENARIOS.length;
}

/** Whether a checker sees the bug that this copy of the source was made with: what it said, or undefined. */
export async function hunt(mutant: string): Promise<string | undefined> {
  const { scenarios } = MUTANTS.find(({ name }) => name === mutant) ?? { scenarios: [] };
  for (const name of scenarios) {
    const log = newLog();
    const finding = await untilFound(scenarioOf(name), log);
    if (finding) return `${finding.scenario}, after ${log.runs} runs: ${finding.failures[0]}`;
  }
  return undefined;
}

function scenarioOf(wanted: string): Scenario {
  const found = [...SCENARIOS, WEEK, SEALED_WEEK].find(({ name }) => name === wanted);
  if (!found) throw new Error(`there is no scenario '${wanted}'`);
  return found;
}
