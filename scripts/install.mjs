import { existsSync, statSync } from 'node:fs';
import { run } from './run.mjs';

const PNPM = 'pnpm@12.21.0';

/** Installs what the lockfile names, unless that has been done since it last changed. */
export async function install() {
  if (isInstalled()) return;
  await run('npx', ['--yes', PNPM, 'install', '--frozen-lockfile']);
}

function isInstalled() {
  const done = 'node_modules/.modules.yaml';
  return existsSync(done) && statSync(done).mtimeMs >= statSync('pnpm-lock.yaml').mtimeMs;
}
