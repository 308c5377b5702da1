import { build } from 'vite';

const here = import.meta.dirname;

/** Playwright's global set-up: the usage pages and the demo, from the library as it is built. */
export default async function buildPages(): Promise<void> {
  await build({ configFile: `${here}/vite.config.ts` });
  await build({ configFile: `${here}/../demo/vite.config.ts`, logLevel: 'warn' });
}
