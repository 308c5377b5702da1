import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

const TEXTS = ['README.md', 'LICENSE', 'SECURITY.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs'];

/** Everything, in the order of need: the library and the service, then what is made of them. */
export async function build() {
  await run('tsc', ['-b', 'packages/sluice', 'packages/origin', 'packages/gate']);
  // npm packs what lies in the folder of the package: the README, and whatever it leads to.
  for (const text of TEXTS)
    cpSync(join(ROOT, text), join(ROOT, 'packages', 'sluice', text), { recursive: true });
  cpSync(join(ROOT, 'LICENSE'), join(ROOT, 'packages', 'gate', 'LICENSE'));
  await run('vite', ['build', 'demo', '--logLevel', 'warn']);
}

if (process.argv[1] === import.meta.filename) await build();
