import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { launchOptions } from './scripts/browsers.mjs';

const BROWSERS = ['chromium', 'firefox'] as const;

/** For what hangs: a slow machine must not fail a test. */
const patience = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 60_000 } } };

/** Filled in once the browser project is known to be wanted: the unit tests need no browser. */
const launching = { chromium: {}, firefox: {} };

async function findBrowsers(): Promise<void> {
  for (const browser of BROWSERS) Object.assign(launching[browser], await launchOptions(browser));
}

/** A bug of one line, put in as the source is loaded: see scripts/mutants.mjs. */
const mutant = JSON.parse(process.env.SLUICE_MUTANT ?? '{}') as { file?: string; from: string; to: string };

const putIn: Plugin = {
  name: 'put-in-a-bug',
  enforce: 'pre',
  transform: (code, id) => (id === mutant.file ? code.replace(mutant.from, () => mutant.to) : undefined),
};

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [putIn],
        test: {
          ...patience,
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/*.postgres.test.ts', '**/node_modules/**'],
        },
      },
      {
        // Each file starts a server of its own.
        test: {
          ...patience,
          name: 'postgres',
          include: ['packages/*/src/**/*.postgres.test.ts'],
          // One after the other: the nodes of one file are processes that need the machine.
          fileParallelism: false,
        },
      },
      {
        // `npm run bench:gate`: prints tables, asserts nothing of time.
        test: {
          ...patience,
          testTimeout: 600_000,
          name: 'gate-bench',
          include: ['packages/gate/bench/*.bench.ts'],
          fileParallelism: false,
        },
      },
      {
        // A project that `--project` leaves out does not come as far as this hook.
        plugins: [putIn, { name: 'find-browsers', configResolved: findBrowsers }],
        // Found before the first test rather than during it, which would reload the page under it.
        optimizeDeps: { entries: ['packages/*/src/**/*.browser.test.ts'] },
        test: {
          ...patience,
          name: 'browser',
          include: ['packages/*/src/**/*.browser.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright(),
            instances: BROWSERS.map((browser) => ({
              browser,
              provider: playwright({ launchOptions: launching[browser] }),
            })),
          },
        },
      },
    ],
  },
});
