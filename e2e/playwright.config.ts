import { defineConfig } from '@playwright/test';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { findWebKit, launchOptions } from '../scripts/browsers.mjs';

// Background Sync tries again after 3 s instead of 5 min: the retry is Chromium's, the wait would be ours.
const FAST_SYNC = [
  '--force-fieldtrials=BackgroundSync/Test',
  '--force-fieldtrial-params=BackgroundSync.Test:initial_retry_delay_sec/3/retry_delay_factor/1/max_sync_attempts/9/min_recovery_time_sec/1',
];

// Over WebDriver, by a stand-in for what the tests use of Playwright; see webkit/browser.ts.
const WEBKIT = { name: 'webkit', use: { browserName: 'webkit' as const } };

const chromium = await launchOptions('chromium');

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.e2e.ts',
  globalSetup: './build-pages.ts',
  outputDir: '../test-results',
  workers: 2,
  fullyParallel: true,
  timeout: 120_000,
  forbidOnly: true,
  reporter: [['list'], ['json']],
  use: { trace: 'retain-on-failure', video: 'off' },
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        launchOptions: { ...chromium, args: [...chromium.args, ...FAST_SYNC] },
      },
    },
    ...(findWebKit() ? [WEBKIT] : []),
    { name: 'firefox', use: { browserName: 'firefox', launchOptions: await launchOptions('firefox') } },
  ],
});
