import { join } from 'node:path';
import { launchOptions } from './browsers.mjs';
import { install } from './install.mjs';
import { ROOT, run } from './run.mjs';

process.chdir(ROOT);

/** `npm run bench [-- NAME] [--smoke]`: the benchmarks, in a real Chromium with its profile on disk. */
await install();
await run('tsc', ['-b', 'packages/sluice', 'packages/origin', 'packages/bench']);
await run('vite', ['build', '--config', 'e2e/vite.config.ts']);
const { main } = await import('../packages/bench/dist/main.js');
const pagesDir = join(ROOT, 'e2e', 'dist');
await main(process.argv.slice(2), { root: ROOT, pagesDir, launch: await launchOptions('chromium') });
