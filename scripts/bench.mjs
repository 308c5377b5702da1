import { buildBenchPages } from './bench-pages.mjs';
import { launchOptions } from './browsers.mjs';
import { install } from './install.mjs';
import { ROOT, run } from './run.mjs';

process.chdir(ROOT);

/**
 * `npm run bench [-- NAME] [--smoke] [--browser firefox]`: the benchmarks, in a real browser with its profile on disk;
 * `npm run bench -- fleet`: the simulation of a fleet, in this process.
 */
await install();
await run('tsc', ['-b', 'packages/sluice', 'packages/origin', 'packages/bench']);
const args = process.argv.slice(2);
if (args[0] === 'fleet') {
  const { fleet } = await import('../packages/bench/dist/fleet/bench.js');
  fleet(args.slice(1));
} else await inBrowser(args);

async function inBrowser(names) {
  const pagesDir = await buildBenchPages();
  const { main } = await import('../packages/bench/dist/main.js');
  await main(names, { root: ROOT, pagesDir, launchOptions });
}
