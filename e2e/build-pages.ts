import { build } from 'vite';

/** Playwright's global set-up: the usage pages, from the library as it is built. */
export default async function buildPages(): Promise<void> {
  await build({ configFile: `${import.meta.dirname}/vite.config.ts` });
}
