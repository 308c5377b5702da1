import { run } from './run.mjs';

/** Everything, in the order of need: the library and the service, then what is made of them. */
export async function build() {
  await run('tsc', ['-b', 'packages/sluice', 'packages/origin']);
  await run('vite', ['build', 'demo', '--logLevel', 'warn']);
}

if (process.argv[1] === new URL(import.meta.url).pathname) await build();
