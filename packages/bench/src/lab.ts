import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type BrowserContext, chromium, firefox, type LaunchOptions, type Page } from '@playwright/test';
import { type Origin, startOrigin } from '@sluice/origin';
import type { Sluice } from 'sluice/client';
import type { Peers } from './peers.js';
import type { StoreUnderTest } from './store-under-test.js';

/* oxlint-disable no-var -- a global of the page can only be declared so */
declare global {
  var sluice: Sluice;
  var startBare: () => Worker;
  var startBooks: () => Worker;
  var peers: Peers;
  var storage: StoreUnderTest;
}
/* oxlint-enable no-var */

/** What a page may stand under in place of Sluice: a service worker of that name, or none. */
export type Peer =
  | 'none'
  | 'listener'
  | 'floor'
  | 'told'
  | 'raw'
  | 'grouped'
  | 'accepting'
  | 'counted'
  | 'workbox';

export type Engine = 'chromium' | 'firefox';

/** A browser with a profile on disk, and the service that its pages come from and send to. */
export interface Lab {
  origin: Origin;
  /** A fresh page, connected under this configuration of its queue `orders`, and of so many copies of it. */
  open(orders: object, copies?: number): Promise<Page>;
  /** A fresh page with the libraries of the peers at hand. */
  openPeer(peer: Peer): Promise<Page>;
  /** A fresh page with the store at hand, and nothing else. */
  openStore(): Promise<Page>;
  profile: string;
  /** How its browser was started, and where the page of that configuration is. */
  launch: LaunchOptions;
  urlOf(orders: object): string;
}

/** Runs `work` in a lab of its own: nothing is left of it. */
export async function inLab<T>(
  { pagesDir, engine, launch }: { pagesDir: string; engine: Engine; launch: LaunchOptions },
  work: (lab: Lab) => Promise<T>,
): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const origin = await startOrigin({ staticDirs: [pagesDir] });
    try {
      const open = () =>
        engine === 'chromium' ? chromium.launchPersistentContext(profile, launch) : openFirefox(launch);
      return await inBrowser(open, (context) => work(labOf(context, { origin, profile, launch })));
    } finally {
      await origin.close();
    }
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function inBrowser<T>(
  open: () => Promise<BrowserContext>,
  work: (context: BrowserContext) => Promise<T>,
): Promise<T> {
  const context = await open();
  try {
    return await work(context);
  } finally {
    await Promise.all(context.pages().map(rest));
    await context.close();
  }
}

function labOf(context: BrowserContext, parts: Pick<Lab, 'origin' | 'profile' | 'launch'>): Lab {
  const { origin } = parts;
  return {
    ...parts,
    open: (orders, copies = 0) => openPage(context, `${urlOf(origin, orders)}&copies=${copies}`, 'sluice'),
    urlOf: (orders) => urlOf(origin, orders),
    openStore: () => openPage(context, `http://localhost:${origin.port}/store/`, 'storage'),
    openPeer: (peer) => openPage(context, peerUrl(origin, peer), 'peers'),
  };
}

const LONGEST_REST_MS = 5000;

/**
 * Where jobs are left to send, a sync event keeps Chromium open, and its driver waits half a minute before it kills it. A page
 * that has crashed or hangs cannot rest, and is closed all the same.
 */
async function rest(page: Page): Promise<void> {
  const resting = page.evaluate(async () => {
    if ('sluice' in globalThis) await sluice.pause();
  });
  const gaveUp = setTimeout(LONGEST_REST_MS, undefined, { ref: false });
  await Promise.race([resting, gaveUp]).catch(() => undefined);
}

/** Over BiDi Playwright makes its profile, on disk as well. The browser goes with its one context. */
async function openFirefox(launch: LaunchOptions): Promise<BrowserContext> {
  const browser = await firefox.launch(launch);
  const context = await browser.newContext().catch(async (error: unknown) => {
    await browser.close();
    throw error;
  });
  context.on('close', () => void browser.close());
  return context;
}

function urlOf(origin: Origin, orders: object): string {
  return `${origin.url}/sluice/?orders=${encodeURIComponent(JSON.stringify(orders))}`;
}

/** On a host of its own: there is no service worker of Sluice there. */
function peerUrl({ port }: Origin, peer: Peer): string {
  return `http://localhost:${port}/peer/?${peer}`;
}

async function openPage(context: BrowserContext, url: string, global: string): Promise<Page> {
  const page = await context.newPage();
  const broken = new Promise<never>((_, reject) => page.on('pageerror', reject));
  // Heard here while the page opens; later it is for whoever measures.
  broken.catch(() => undefined);
  await page.goto(url);
  await Promise.race([page.waitForFunction((global) => global in globalThis, global), broken]);
  return page;
}
