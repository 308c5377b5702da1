import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type LaunchOptions, type Page } from '@playwright/test';
import { type Origin, startOrigin } from '@sluice/origin';
import type { Sluice } from 'sluice/client';

/** What the usage pages put up. */
declare global {
  // oxlint-disable-next-line no-var -- a global of the page can only be declared so
  var sluice: Sluice;
}

/** A browser with a profile on disk, and the service that its pages come from and send to. */
export interface Lab {
  origin: Origin;
  /** A fresh page of the short form, connected under these queues. */
  open(queues: object): Promise<Page>;
}

/** Runs `work` in a lab of its own: nothing is left of it. */
export async function inLab<T>(
  { pagesDir, launch }: { pagesDir: string; launch: LaunchOptions },
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const origin = await startOrigin({ staticDirs: [pagesDir] });
  const context = await chromium.launchPersistentContext(profile, launch);
  try {
    return await work({ origin, open: (queues) => openPage(context, origin, queues) });
  } finally {
    await context.close();
    await origin.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

async function openPage(context: BrowserContext, origin: Origin, queues: object): Promise<Page> {
  const page = await context.newPage();
  const settings = encodeURIComponent(JSON.stringify({ queues: { orders: queues } }));
  await page.goto(`${origin.url}/short/?settings=${settings}`);
  await page.waitForFunction(() => 'sluice' in globalThis);
  return page;
}
