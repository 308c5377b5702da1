import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createServer } from 'vite';
import { install } from './install.mjs';
import { ROOT } from './run.mjs';

if (isMainThread) process.chdir(ROOT);

const MAIN = '/packages/simulation/src/main.ts';
const SOURCE = join(ROOT, 'packages', 'sluice', 'src');

const HUNT = 'hunt';

/** `npm run simulate [-- --seeds N --from S --pairs N --scenario NAME]`, and `--mutants` to see that the checkers see. */
if (workerData === HUNT) parentPort.postMessage(await huntAll());
else if (isMainThread && process.argv[1] === new URL(import.meta.url).pathname) {
  await install();
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      pairs: { type: 'string', default: '100000' },
      scenario: { type: 'string' },
      mutants: { type: 'boolean', default: false },
    },
  });
  const [seeds, from, pairs] = [values.seeds, values.from, values.pairs].map(Number);
  const { failed } = values.mutants
    ? await huntAll()
    : await simulate({ seeds, from, pairs, scenario: values.scenario });
  process.exit(failed > 0 ? 1 : 0);
}

/** What is run at each `npm test`: every step, some of the pairs, some seeds, and every mutant. */
export async function simulateBriefly() {
  const hunting = huntBeside();
  const explored = await simulate({ seeds: 40, from: 1, pairs: 5, scenario: undefined });
  const hunted = await hunting;
  return { passed: explored.passed + hunted.passed, failed: explored.failed + hunted.failed };
}

/** On another core. */
function huntBeside() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: HUNT });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function simulate(options) {
  return withSource({}, (main) => main.simulate(options));
}

async function huntAll() {
  const { MUTANTS } = await withSource({}, async (main) => main);
  const rows = [];
  for (const mutant of MUTANTS) {
    const seen = await withSource(mutant, (main) => main.hunt(mutant));
    rows.push({ mutant: mutant.name, caught: seen ?? 'NOT CAUGHT' });
  }
  console.table(rows);
  const failed = rows.filter(({ caught }) => caught === 'NOT CAUGHT').length;
  console.log(`${rows.length - failed} of ${rows.length} mutants caught`);
  return { passed: rows.length - failed, failed };
}

/** The simulation, on the source as it is or with one change to it, which never touches a file. */
async function withSource({ file, from, to }, use) {
  const changed = file && join(SOURCE, file);
  if (changed && !readFileSync(changed, 'utf8').includes(from))
    throw new Error(`${file} has no longer: ${from}`);
  const mutate = {
    name: 'mutate',
    enforce: 'pre',
    transform: (code, id) => (id === changed ? code.replace(from, () => to) : undefined),
  };
  const server = await createServer({
    root: ROOT,
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
    plugins: [mutate],
  });
  try {
    return await use(await server.ssrLoadModule(MAIN));
  } finally {
    await server.close();
  }
}
