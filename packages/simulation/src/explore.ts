import { run, type RunResult } from './run.ts';
import type { Scenario } from './scenario.ts';
import { randomOf } from './random.ts';
import type { Fault, FaultKind, When } from './universe.ts';

const KINDS: readonly FaultKind[] = ['kill', 'kill-browser', 'power-loss', 'freeze', 'abort'];
const WHENS: readonly When[] = ['before', 'after'];

/** A run that went wrong, and what it takes to see it again. */
export interface Finding {
  scenario: string;
  seed: number;
  faults: readonly Fault[];
  failures: readonly string[];
}

/** What was tried, and what was found. */
export class Log {
  runs = 0;
  readonly findings: Finding[] = [];
  readonly coverage = new Map<string, number>();

  note(scenario: Scenario, seed: number, faults: readonly Fault[], { failures, coverage }: RunResult): void {
    this.runs += 1;
    if (failures.length > 0) this.findings.push({ scenario: scenario.name, seed, faults, failures });
    for (const [name, count] of coverage) this.coverage.set(name, (this.coverage.get(name) ?? 0) + count);
  }
}

const SEED = 1;

/** Where a scenario lasts hours, what comes later only repeats: looks at a queue that nothing can be done for. */
const MOST_STEPS = 60;

/** Each fault, once, before and after each step (a kill alone where that takes long), or until it is enough. */
export async function everyStep(
  scenario: Scenario,
  log: Log,
  isEnough = (): boolean => false,
): Promise<number> {
  const { steps } = await tryOut(scenario, [], log);
  const last = Math.min(steps, MOST_STEPS);
  for (let step = 0; step < last; step++) {
    for (const when of WHENS) {
      for (const kind of isLong(scenario) ? ['kill' as const] : KINDS) {
        if (isEnough()) return last;
        await tryOut(scenario, [{ step, when, kind }], log);
      }
    }
  }
  return last;
}

/** A kill after each step, and another after each later one: all pairs, or so many of them. */
export async function everyPair(scenario: Scenario, log: Log, most: number): Promise<number> {
  if (isLong(scenario)) return 0;
  const { steps } = await run(scenario, { seed: SEED });
  const pairs: Fault[][] = [];
  for (let first = 0; first < steps; first++) {
    // A killed context is followed by others, which take steps of their own.
    for (let second = first + 1; second < steps + 10; second++) {
      pairs.push([first, second].map((step) => ({ step, when: 'after', kind: 'kill' })));
    }
  }
  const tried = pairs.length > most ? sample(pairs, most) : pairs;
  for (const faults of tried) await tryOut(scenario, faults, log);
  return tried.length;
}

/** Faults by chance, of all kinds, as many as the seed wills. */
export async function bySeed(scenarios: readonly Scenario[], log: Log, seed: number): Promise<void> {
  const chance = randomOf(seed);
  const short = scenarios.filter((scenario) => !isLong(scenario));
  const scenario = short[Math.floor(chance() * short.length)] as Scenario;
  const faultRate = [0.005, 0.02, 0.06][Math.floor(chance() * 3)] ?? 0.02;
  log.note(scenario, seed, [], await run(scenario, { seed, faultRate }));
}

/** Hours, which cost as much as a hundred others. */
function isLong({ scriptMs = 0 }: Scenario): boolean {
  return scriptMs > 1_000_000;
}

async function tryOut(scenario: Scenario, faults: readonly Fault[], log: Log): Promise<RunResult> {
  const result = await run(scenario, { seed: SEED, faults });
  log.note(scenario, SEED, faults, result);
  return result;
}

function sample<T>(all: readonly T[], count: number): T[] {
  const chance = randomOf(SEED);
  return all.filter(() => chance() < count / all.length);
}
