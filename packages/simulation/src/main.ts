import { bySeed, everyPair, everyStep, Log } from './explore.ts';
import type { Mutant } from './mutants.ts';
import { run } from './run.ts';
import { SCENARIOS } from './scenarios.ts';

export { MUTANTS } from './mutants.ts';

export interface Options {
  /** Random runs, and the first of their seeds. */
  seeds: number;
  from: number;
  /** Pairs of kills in each scenario of one or two jobs, at most; a tenth of them in those of three. */
  pairs: number;
  scenario: string | undefined;
}

/** Explores, prints what was tried, and answers how much went well and wrong. */
export async function simulate({
  seeds,
  from,
  pairs,
  scenario: only,
}: Options): Promise<{ passed: number; failed: number }> {
  const scenarios = SCENARIOS.filter(({ name }) => only === undefined || name === only);
  if (scenarios.length === 0) throw new Error(`there is no scenario '${only}'`);
  const log = new Log();
  const rows: object[] = [];
  for (const scenario of scenarios) {
    const steps = await everyStep(scenario, log);
    const most = scenario.jobs === 3 ? Math.ceil(pairs / 10) : pairs;
    rows.push({ scenario: scenario.name, steps, pairs: await everyPair(scenario, log, most) });
  }
  for (let seed = from; seed < from + seeds; seed++) await bySeed(scenarios, log, seed);
  await checkRepeatable(log);
  console.table(rows);
  console.table(
    [...log.coverage].toSorted(([a], [b]) => a.localeCompare(b)).map(([fault, count]) => ({ fault, count })),
  );
  console.log(`${log.runs} runs: each fault at each step, pairs of kills, ${seeds} seeds from ${from}`);
  for (const finding of log.findings.slice(0, SHOWN)) console.error(JSON.stringify(finding));
  return { passed: log.runs - log.findings.length, failed: log.findings.length };
}

const SHOWN = 20;

/** I31: the same seed, the same trace. */
async function checkRepeatable(log: Log): Promise<void> {
  for (const scenario of SCENARIOS.slice(0, 5)) {
    const options = { seed: 7, faultRate: 0.02 };
    const first = await run(scenario, options);
    const second = await run(scenario, options);
    if (first.traceHash === second.traceHash) continue;
    const failures = [`repeatable: ${first.traceHash}, then ${second.traceHash}`];
    log.findings.push({ scenario: scenario.name, seed: 7, faults: [], failures });
  }
}

/** Whether a checker sees the bug that this copy of the source was made with: what it said, or undefined. */
export async function hunt({ scenarios }: Mutant): Promise<string | undefined> {
  for (const name of scenarios) {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (!scenario) throw new Error(`there is no scenario '${name}'`);
    const log = new Log();
    await everyStep(scenario, log, () => log.findings.length > 0);
    const [finding] = log.findings;
    if (finding) return `${finding.scenario}, after ${log.runs} runs: ${finding.failures[0]}`;
  }
  return undefined;
}
