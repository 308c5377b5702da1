import { defineConfig } from '@playwright/test';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { findWebKit, launchOptions } from '../scripts/browsers.mjs';
import { INSECURE_HOST } from './hosts.js';
import { fastSync } from './process/chromium.js';

// Over WebDriver, by a stand-in for what the tests use of Playwright; see webkit/browser.ts.
const WEBKIT = { name: 'webkit', use: { browserName: 'webkit' as const } };

const chromium = await launchOptions('chromium');
const MAPPED = `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`;

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.e2e.ts',
  globalSetup: './build-pages.ts',
  outputDir: '../test-results',
  workers: 2,
  fullyParallel: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  reporter: [['list'], ['json', { outputFile: '../.reports/e2e.json' }]],
  use: { trace: 'retain-on-failure', video: 'off' },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: { ...chromium, args: [...chromium.args, ...fastSync(9), MAPPED] },
      },
    },
    ...(findWebKit() ? [WEBKIT] : []),
    {
      name: 'firefox',
      use: {
        browserName: 'firefox',
        launchOptions: {
          ...(await launchOptions('firefox')),
          firefoxUserPrefs: { 'network.dns.localDomains': INSECURE_HOST },
        },
      },
    },
  ],
});
