import { mkdirSync, rmSync } from 'node:fs';
import { findOrInstallWebKit, findWebKit, requireBrowser } from './browsers.mjs';
import { build } from './build.mjs';
import { huntAll } from './mutants.mjs';
import { add, NOTHING, readPlaywright, readVitest } from './report.mjs';
import { requirePostgres } from './postgres.mjs';
import { run } from './run.mjs';
import { simulateBriefly } from './simulate.mjs';
import { soakFor } from './soak.mjs';
import { writeSupport } from './support.mjs';

const REPORTS = '.reports';
/** Where e2e/playwright.config.ts has it written. */
const E2E_REPORT = `${REPORTS}/e2e.json`;

/** A level that is one check: it passes or fails as a whole. */
const check = (name, script) => ({
  name,
  run: () => run('npm', ['run', '--silent', script]),
  count: undefined,
});

/** A level with a report of its own tests. */
const vitest = (name, project) => ({
  name,
  run: () =>
    run('vitest', [
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${REPORTS}/${name}.json`,
    ]),
  count: () => readVitest(`${REPORTS}/${name}.json`),
});

/** A level that needs something of the machine. */
function after(prepare, level) {
  const runPrepared = async () => {
    await prepare();
    await level.run();
  };
  return { ...level, run: runPrepared };
}

/** All levels of `npm test`, cheapest first. */
export const LEVELS = [
  { name: 'browsers', run: requireBrowsers, count: undefined },
  // Types first: what they build is what the lint with types looks at.
  check('types', 'test:types'),
  check('lint', 'test:lint'),
  check('format', 'test:format'),
  { name: 'build', run: build, count: undefined },
  vitest('unit', 'unit'),
  after(requirePostgres, vitest('gate', 'postgres')),
  counting('simulation', simulateBriefly),
  vitest('browser', 'browser'),
  counting('mutants', huntAll),
  {
    name: 'e2e',
    run: () => run('playwright', ['test', '--config', 'e2e/playwright.config.ts']),
    count: () => add(readPlaywright(E2E_REPORT), withoutWebKit('all of WebKit') ?? NOTHING),
  },
  { name: 'support table', run: checkSupport, count: () => withoutWebKit('the support table') },
  { name: 'soak', run: () => soakFor(1), count: undefined },
  check('bench', 'test:bench'),
  check('sizes', 'test:sizes'),
  check('package', 'test:package'),
];

/** A level that counts by itself what it has tried. */
function counting(name, work) {
  let counted = NOTHING;
  return {
    name,
    run: async () => {
      counted = await work();
    },
    count: () => counted,
  };
}

export function clearReports() {
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
}

async function requireBrowsers() {
  for (const name of ['chromium', 'firefox']) console.log(`${name}: ${await requireBrowser(name)}`);
  console.log(`webkit: ${findOrInstallWebKit()?.browser ?? 'none here'}`);
}

/** The README says what the tests have just shown. */
async function checkSupport() {
  if (!findWebKit()) return;
  if (writeSupport(E2E_REPORT))
    throw new Error('the support table of the README has changed: look at it and commit it');
}

/** WebKitGTK exists on Linux alone: elsewhere the others have to do. */
function withoutWebKit(what) {
  if (findWebKit()) return undefined;
  const reason = `${what}: neither WebKitWebDriver with its MiniBrowser nor Xvfb is here`;
  return { ...NOTHING, skips: [reason] };
}
