import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

/** The pages that are measured, built for production. Answers their folder. */
export async function buildBenchPages() {
  await run('vite', ['build', '--config', 'packages/bench/vite.config.ts']);
  return join(ROOT, 'packages', 'bench', 'dist', 'pages');
}
