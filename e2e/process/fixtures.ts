import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, test as base } from '@playwright/test';
import { type Origin, startOrigin } from '@sluice/origin';
import { build } from 'vite';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { launchOptions } from '../../scripts/browsers.mjs';
import { fastSync } from './chromium.js';
import { type RawBrowser, startRaw } from './raw-browser.js';
import type { Plan } from './reports.js';

// Playwright reads what a fixture needs from its first parameter, and takes no other form for nothing than `{}`.
/* oxlint-disable no-empty-pattern */

interface Fixtures {
  /** Serves the usage pages, and the page that nobody drives at `/`; its `/api` is the service. */
  origin: Origin;
  /** A fresh profile on disk. */
  profile: string;
  /** Starts the engine of the project on the profile, at the page that plays the plan, or at another URL. */
  start: (at: Plan | string) => Promise<RawBrowser>;
  /** How often Chromium tries a sync that fails. */
  syncAttempts: number;
  /** A driven Chromium on the profile, that opens on an empty page of nobody's. */
  driven: BrowserContext;
}

export const test = base.extend<Fixtures, { site: string }>({
  site: [
    async ({}, use) => {
      const folder = await newFolder('site');
      await build({
        root: join(import.meta.dirname, 'page'),
        configFile: false,
        logLevel: 'warn',
        build: { outDir: folder, emptyOutDir: true, target: 'es2022' },
      });
      await use(folder);
      await remove(folder);
    },
    { scope: 'worker' },
  ],
  origin: async ({ site }, use) => {
    const origin = await startOrigin({ staticDirs: [site, join(import.meta.dirname, '../dist')] });
    await use(origin);
    await origin.close();
  },
  profile: async ({}, use) => {
    const folder = await newFolder('profile');
    await use(folder);
    await remove(folder);
  },
  start: async ({ browserName, origin, profile }, use) => {
    const started: RawBrowser[] = [];
    await use(async (at) => {
      const browser = await startRaw(browserName, profile, typeof at === 'string' ? at : urlOf(origin, at));
      started.push(browser);
      return browser;
    });
    for (const browser of started) await browser.kill();
  },
  syncAttempts: [9, { option: true }],
  driven: async ({ profile, syncAttempts }, use) => {
    const options = (await launchOptions('chromium')) as { executablePath: string; args: string[] };
    const context = await chromium.launchPersistentContext(profile, {
      ...options,
      args: [...options.args, ...fastSync(syncAttempts)],
    });
    await use(context);
    await context.close();
  },
});

function urlOf(origin: Origin, plan: Plan): string {
  return `${origin.url}/?plan=${encodeURIComponent(JSON.stringify(plan))}`;
}

function newFolder(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `sluice-${name}-`));
}

/** Processes that were just killed may still let go of their files. */
function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
