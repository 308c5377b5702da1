// @ts-check
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MUTANTS } from './mutants-list.mjs';
import { ROOT } from './run.mjs';

const SOURCE = join(ROOT, 'packages', 'sluice', 'src');

/**
 * `npm run mutants [-- PROMISE]`: whether the unit tests see a bug of one line against each promise of the guide. No file is
 * changed: `vite.config.ts` puts the bug in as the source is loaded.
 */
export async function huntAll(only = '') {
  const asked = MUTANTS.filter(({ promise }) => promise.includes(only));
  const mutants = asked.filter(isInSource);
  const gone = asked.filter((mutant) => !isInSource(mutant));
  const waiting = mutants.map((mutant) => async () => ({ ...mutant, isCaught: await isCaught(mutant) }));
  const hunted = [];
  const hunter = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) hunted.push(await next());
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hunter));
  const escaped = hunted.filter(({ isCaught: seen }) => !seen);
  console.log(`${hunted.length - escaped.length} of ${hunted.length} one-line bugs caught by the unit tests`);
  return {
    passed: hunted.length - escaped.length,
    failures: [
      ...gone.map(({ file, from }) => `${file} has no longer: ${from}`),
      ...escaped.map(({ promise, tests }) => `no test in ${tests} sees that this is broken: ${promise}`),
    ],
    skips: [],
  };
}

/** @param {import('./mutants-list.mjs').Mutant} mutant */
function isInSource({ file, from }) {
  return readFileSync(join(SOURCE, file), 'utf8').includes(from);
}

/** @param {import('./mutants-list.mjs').Mutant} mutant */
async function isCaught({ file, from, to, tests }) {
  const mutant = JSON.stringify({ file: join(SOURCE, file), from, to });
  const args = [
    'run',
    '--project',
    projectOf(tests),
    '--bail',
    '1',
    '--reporter',
    'dot',
    join('packages', 'sluice', 'src', tests),
  ];
  const child = spawn(join(ROOT, 'node_modules', '.bin', 'vitest'), args, {
    cwd: ROOT,
    stdio: 'ignore',
    env: { ...process.env, SLUICE_MUTANT: mutant },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code !== 0));
  });
}

/** @param {string} tests */
function projectOf(tests) {
  return tests.endsWith('.browser.test.ts') ? 'browser (chromium)' : 'unit';
}

if (process.argv[1] === import.meta.filename) {
  const { failures } = await huntAll(process.argv[2]);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  process.exit(failures.length > 0 ? 1 : 0);
}
