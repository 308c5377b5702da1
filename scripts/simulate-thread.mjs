import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { createServer } from 'vite';
import { ROOT } from './run.mjs';

const MAIN = '/packages/simulation/src/main.ts';
const SOURCE = join(ROOT, 'packages', 'sluice', 'src');

let unchanged;

/** One task after another: a share of the exploration, or the hunt for one mutant. */
parentPort.on('message', (task) => void perform(task).then((result) => parentPort.postMessage(result)));

async function perform(task) {
  unchanged ??= await loadSource({});
  if (task.kind === 'tasks') return unchanged.main.tasksOf(task.options);
  if (task.kind === 'mutants') return unchanged.main.MUTANTS.map(({ name }) => name);
  if (task.kind !== 'hunt') return unchanged.main.perform(task);
  const { main, close } = await loadSource(unchanged.main.MUTANTS.find(({ name }) => name === task.mutant));
  const seen = await main.hunt(task.mutant);
  await close();
  return seen;
}

/** The simulation, on the source as it is or with one change to it, which never touches a file. */
async function loadSource({ file, from, to }) {
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
  return { main: await server.ssrLoadModule(MAIN), close: () => server.close() };
}
