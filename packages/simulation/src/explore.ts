import { run, type RunResult } from './run.ts';
import type { Scenario } from './scenario.ts';
import { randomOf } from '../../bench/src/fleet/random.ts';
import { SEALED_WEEK, WEEK } from './scenarios/week.ts';
import type { Fault, FaultKind, When } from './universe.ts';

const KINDS: readonly FaultKind[] = ['kill', 'kill-browser', 'power-loss', 'freeze', 'abort'];
/** Each receipt ends but where the site's storage is cleared: that strikes only where the scenario says so. */
function kindsOf({ mayBeCleared }: Scenario): readonly FaultKind[] {
  return mayBeCleared ? [...KINDS, 'clear'] : KINDS;
}

const WHENS: readonly When[] = ['before', 'after'];

/** A run that went wrong, and what it takes to see it again. */
export interface Finding {
  scenario: string;
  seed: number;
  faults: readonly Fault[];
  failures: readonly string[];
}

/** What was tried, and what was found: plain data, since it crosses threads. */
export interface Log {
  runs: number;
  findings: Finding[];
  /** How often each fault struck at each kind of call. */
  coverage: Record<string, number>;
}

export function newLog(): Log {
  return { runs: 0, findings: [], coverage: {} };
}

function note(log: Log, tried: Omit<Finding, 'failures'>, { failures, coverage }: RunResult): void {
  log.runs += 1;
  if (failures.length > 0) log.findings.push({ ...tried, failures });
  for (const [name, count] of coverage) log.coverage[name] = (log.coverage[name] ?? 0) + count;
}

const SEED = 1;
const SEEDS_TO_HUNT = 10;

/** Each fault, once, before and after each call that has an effect. Answers how many calls there are. */
export async function everyStep(scenario: Scenario, log: Log): Promise<number> {
  const { effects } = await tryOut(scenario, [], log);
  for (const step of effects) {
    for (const when of WHENS) {
      for (const kind of kindsOf(scenario)) {
        await tryOut(scenario, [{ step, when, kind }], log);
      }
    }
  }
  return effects.length;
}

/** The same until one run goes wrong, and then with other seeds: what a bug takes may lie in when things come. */
export async function untilFound(scenario: Scenario, log: Log): Promise<Finding | undefined> {
  for (let seed = SEED; seed < SEED + SEEDS_TO_HUNT; seed++) {
    const { effects } = await tryOut(scenario, [], log, seed);
    const faults = effects.flatMap((step) =>
      WHENS.flatMap((when) => kindsOf(scenario).map((kind): Fault => ({ step, when, kind }))),
    );
    for (const fault of faults) {
      const [finding] = log.findings;
      if (finding) return finding;
      await tryOut(scenario, [fault], log, seed);
    }
  }
  return log.findings[0];
}

/** A kill after each call that has an effect, and another after each later one: all pairs, or that share of them. */
export async function everyPair(scenario: Scenario, log: Log, share: number): Promise<number> {
  const chance = randomOf(SEED);
  const killAfter = (step: number): Fault => ({ step, when: 'after', kind: 'kill' });
  let pairs = 0;
  const { effects } = await run(scenario, { seed: SEED });
  for (const first of effects) {
    // Whatever comes after a kill makes calls of its own.
    const killed = await run(scenario, { seed: SEED, faults: [killAfter(first)] });
    for (const second of killed.effects.filter((step) => step > first)) {
      if (chance() >= share) continue;
      await tryOut(scenario, [killAfter(first), killAfter(second)], log);
      pairs += 1;
    }
  }
  return pairs;
}

/** Faults by chance, of all kinds, as many as the seed wills. */
export async function bySeed(scenarios: readonly Scenario[], log: Log, seed: number): Promise<void> {
  const chance = randomOf(seed);
  const scenario = scenarios[Math.floor(chance() * scenarios.length)] as Scenario;
  const faultRate = [0.005, 0.02, 0.06][Math.floor(chance() * 3)] ?? 0.02;
  await byChance(scenario, log, { seed, faultRate });
}

/** A week, in which of a hundred calls one is struck; one in four is sealed. */
export async function byWeek(log: Log, seed: number): Promise<void> {
  await byChance(seed % 4 === 0 ? SEALED_WEEK : WEEK, log, { seed, faultRate: 0.01 });
}

async function byChance(
  scenario: Scenario,
  log: Log,
  { seed, faultRate }: { seed: number; faultRate: number },
): Promise<void> {
  const result = await run(scenario, { seed, faultRate });
  const faults = result.failures.length > 0 ? await shrunk(scenario, seed, result.struck) : [];
  note(log, { scenario: scenario.name, seed, faults }, result);
}

/** As few of the faults of a failure as still make it fail: each is left out once, for good if it can be. */
async function shrunk(scenario: Scenario, seed: number, struck: readonly Fault[]): Promise<readonly Fault[]> {
  let fewest = struck;
  for (const fault of struck) {
    const faults = fewest.filter((other) => other !== fault);
    const { failures } = await run(scenario, { seed, faults });
    if (failures.length > 0) fewest = faults;
  }
  return fewest;
}

/** A run as it was told of. */
export async function again(log: Log, scenario: Scenario, { seed, faults }: Finding): Promise<void> {
  note(log, { scenario: scenario.name, seed, faults }, await run(scenario, { seed, faults }));
}

async function tryOut(
  scenario: Scenario,
  faults: readonly Fault[],
  log: Log,
  seed = SEED,
): Promise<RunResult> {
  const result = await run(scenario, { seed, faults });
  note(log, { scenario: scenario.name, seed, faults }, result);
  return result;
}
