import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { install } from './install.mjs';
import { add, NOTHING } from './report.mjs';
import { ROOT } from './run.mjs';

/** Findings that are printed; all are counted. */
const SHOWN = 20;

/**
 * `npm run simulate [-- --seeds N --from S --pairs SHARE --scenario NAME]`, `--weeks N` for weeks of an app, `--mutants` to see
 * that the checkers see, and `--replay FINDING` to see each step of one that was printed.
 */
if (process.argv[1] === import.meta.filename) {
  process.chdir(ROOT);
  await install();
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      pairs: { type: 'string', default: '1' },
      scenario: { type: 'string' },
      weeks: { type: 'string' },
      replay: { type: 'string' },
      mutants: { type: 'boolean', default: false },
    },
  });
  const [seeds, from, pairs] = [values.seeds, values.from, values.pairs].map(Number);
  if (values.replay) process.env.TRACE = '1';
  const { failures } = await withThreads(async (threads) => {
    if (values.replay)
      return report(await threads.all([{ kind: 'replay', finding: JSON.parse(values.replay) }]), 'a replay');
    if (values.mutants) return hunt(threads);
    if (values.weeks) return live(threads, { weeks: Number(values.weeks), from });
    return explore(threads, { seeds, from, pairs, scenario: values.scenario });
  });
  process.exit(failures.length > 0 ? 1 : 0);
}

/** What is run at each `npm test`: every step, all pairs but of scenarios of three jobs, some seeds and weeks, every mutant. */
export async function simulateBriefly() {
  return withThreads(async (threads) => {
    const parts = [
      await explore(threads, { seeds: 2000, from: 1, pairs: 0.05, scenario: undefined }),
      await live(threads, { weeks: 20, from: 1 }),
      await hunt(threads),
    ];
    return parts.reduce(add, NOTHING);
  });
}

/** Each fault at each call, pairs of kills, and seeds. */
async function explore(threads, options) {
  const tasks = await threads.one({ kind: 'tasks', options });
  const tried = await threads.all(tasks);
  const countOf = (kind, name) =>
    tried.find((_, i) => tasks[i].kind === kind && tasks[i].scenario === name)?.count;
  const names = tasks.filter(({ kind }) => kind === 'steps').map(({ scenario }) => scenario);
  const rows = names.map((scenario) => ({
    scenario,
    calls: countOf('steps', scenario),
    pairs: countOf('pairs', scenario),
  }));
  console.table(rows);
  const sum = (of) => rows.reduce((total, row) => total + row[of], 0);
  const what = `${sum('calls')} calls with each fault, ${sum('pairs')} pairs of kills, ${options.seeds} seeds from ${options.from}`;
  const told = report(tried, what);
  const untried = options.scenario === undefined ? untriedFaults(tried) : [];
  return add(told, failing(untried.map((fault) => `never tried: ${fault}`)));
}

/** A fault that never struck some kind of call: its checkers have seen nothing. */
function untriedFaults(tried) {
  const { all, ...calls } = faultsByCall(tried);
  return Object.entries(calls).flatMap(([call, counts]) =>
    Object.keys(all)
      .filter((kind) => !counts[kind])
      .map((kind) => `${kind} at ${call}`),
  );
}

/** Weeks of an app, a thread's share at a time. */
async function live(threads, { weeks, from }) {
  const tasks = Array.from({ length: weeks }, (_, i) => ({ kind: 'weeks', from: from + i, count: 1 }));
  return report(await threads.all(tasks), `${weeks} simulated weeks from seed ${from}`);
}

function report(tried, what) {
  console.table(faultsByCall(tried));
  const runs = tried.reduce((total, log) => total + log.runs, 0);
  const findings = tried.flatMap((log) => log.findings);
  console.log(`${runs} runs: ${what}; ${findings.length} went wrong`);
  return { ...failing(findings.map((finding) => JSON.stringify(finding))), passed: runs - findings.length };
}

function failing(failures) {
  for (const failure of failures.slice(0, SHOWN)) console.error(failure);
  return { ...NOTHING, failures };
}

/** How often each fault struck, by the call that it struck, and in all. */
function faultsByCall(tried) {
  const table = {};
  for (const [fault, count] of tried.flatMap((log) => Object.entries(log.coverage))) {
    const [kind, , call] = fault.split(' ');
    for (const row of [call, 'all']) {
      table[row] ??= {};
      table[row][kind] = (table[row][kind] ?? 0) + count;
    }
  }
  const { all, ...calls } = table;
  return { ...calls, all };
}

async function hunt(threads) {
  const mutants = await threads.one({ kind: 'mutants' });
  const seen = await threads.all(mutants.map((mutant) => ({ kind: 'hunt', mutant })));
  console.table(mutants.map((mutant, i) => ({ mutant, caught: seen[i] ?? 'NOT CAUGHT' })));
  const escaped = mutants.filter((_, i) => seen[i] === undefined);
  const passed = mutants.length - escaped.length;
  console.log(`${passed} of ${mutants.length} mutants caught`);
  return { ...failing(escaped.map((mutant) => `not caught: ${mutant}`)), passed };
}

/** As many threads as there are cores, each of which takes the next task when it has done one. */
async function withThreads(use) {
  const workers = Array.from({ length: availableParallelism() }, startWorker);
  try {
    return await use({
      one: (task) => workers[0].perform(task),
      all: async (tasks) => {
        const results = [];
        let next = 0;
        const takeTurns = async (worker) => {
          while (next < tasks.length) {
            const i = next++;
            results[i] = await worker.perform(tasks[i]);
          }
        };
        await Promise.all(workers.map(takeTurns));
        return results;
      },
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

function startWorker() {
  const worker = new Worker(new URL('simulate-thread.mjs', import.meta.url));
  return {
    perform: (task) =>
      new Promise((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', (result) => {
          worker.off('error', reject);
          resolve(result);
        });
        worker.postMessage(task);
      }),
    end: () => worker.terminate(),
  };
}
