import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { launchOptions } from './scripts/browsers.mjs';

const instance = async (browser: 'chromium' | 'firefox') => ({
  browser,
  provider: playwright({ launchOptions: (await launchOptions(browser)) as object }),
});

export default defineConfig(async () => ({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/node_modules/**'],
        },
      },
      {
        // Found before the first test rather than during it, which would reload the page under it.
        optimizeDeps: { entries: ['packages/*/src/**/*.browser.test.ts'] },
        test: {
          name: 'browser',
          include: ['packages/*/src/**/*.browser.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright(),
            instances: [await instance('chromium'), await instance('firefox')],
          },
        },
      },
    ],
  },
}));
