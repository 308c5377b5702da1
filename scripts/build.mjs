import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

/** Everything, in the order of need: the library and the service, then what is made of them. */
export async function build() {
  await run('tsc', ['-b', 'packages/sluice', 'packages/origin']);
  // npm packs what lies in the folder of the package.
  for (const file of ['README.md', 'LICENSE'])
    cpSync(join(ROOT, file), join(ROOT, 'packages', 'sluice', file));
  await run('vite', ['build', 'demo', '--logLevel', 'warn']);
}

if (process.argv[1] === import.meta.filename) await build();
