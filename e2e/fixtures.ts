import { type Browser, type BrowserContext, expect, type Page, test as base } from '@playwright/test';
import type { Sluice } from 'sluice/client';
import { type Origin, startOrigin } from '@sluice/origin';
import type { Settings } from './pages/settings.js';
import { webKitBrowser } from './webkit/browser.js';

export { expect };
export type { Origin, Page };

/** What the usage pages put up. */
declare global {
  // oxlint-disable-next-line no-var -- a global of the page can only be declared so
  var sluice: Sluice;
}

export interface OpenOptions {
  settings?: Settings;
  /** Another tab of the same profile, where it is not the first. */
  in?: BrowserContext;
  /** Answers once `connect()` has. */
  path?: string;
}

interface Fixtures {
  origin: Origin;
  /** Opens the usage page of the short form in a new tab. */
  open: (options?: OpenOptions) => Promise<Page>;
}

/** Why a test is not for WebKit. */
export const NO_INIT_SCRIPT = 'WebDriver runs no script before those of the page';

export const DIST = `${import.meta.dirname}/dist`;

/** Each test has a service of its own, on a port of its own: with it a storage of its own. */
export const test = base.extend<Fixtures, { browser: Browser }>({
  browser: [
    async ({ browserName, playwright, launchOptions }, use) => {
      const browser =
        browserName === 'webkit' ? webKitBrowser() : await playwright[browserName].launch(launchOptions);
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the pattern to know what a fixture needs
  origin: async ({}, use) => {
    const origin = await startOrigin({ staticDirs: [DIST] });
    await use(origin);
    await origin.close();
  },
  open: async ({ origin, context }, use) => {
    await use(({ settings = {}, path = '/short/' } = {}) => openIn(context, origin.url + path, settings));
  },
});

async function openIn(context: BrowserContext, url: string, settings: Settings): Promise<Page> {
  const page = await context.newPage();
  await page.goto(urlOf(url, settings));
  await connected(page);
  return page;
}

export function urlOf(url: string, settings: Settings): string {
  return `${url}?settings=${encodeURIComponent(JSON.stringify(settings))}`;
}

export async function connected(page: Page): Promise<void> {
  await page.waitForFunction(() => 'sluice' in globalThis);
}

/** Sends `count` plain POSTs at once, as an app does, and answers their tickets. */
export function burst(page: Page, count: number, url = '/api/orders'): Promise<string[]> {
  return page.evaluate(
    async ({ count, url }) => {
      const requests = Array.from({ length: count }, (_, i) =>
        fetch(url, { method: 'POST', body: `order ${i}` }),
      );
      const responses = await Promise.all(requests);
      return responses.map((response) => {
        if (response.status !== 202) throw new Error(`answered ${response.status}`);
        return response.headers.get('Sluice-Ticket') ?? 'none';
      });
    },
    { count, url },
  );
}

export interface Send {
  n: number;
  at: number;
  idempotencyKey: string;
  attempt: number;
  leaseId: string;
}

/** The engine's own log, straight from the database. */
export function sendsOf(page: Page, queue = 'orders'): Promise<Send[]> {
  return page.evaluate(async (queue) => {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('sluice');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error ?? new Error('it did not open'));
    });
    const rows = await new Promise<Send[]>((resolve, reject) => {
      const range = IDBKeyRange.bound([queue], [queue, Number.POSITIVE_INFINITY]);
      const reading = db.transaction('sends').objectStore('sends').getAll(range);
      reading.onsuccess = () => resolve(reading.result as Send[]);
      reading.onerror = () => reject(reading.error ?? new Error('it did not read'));
    });
    db.close();
    return rows;
  }, queue);
}

export function countsOf(page: Page, queue = 'orders') {
  return page.evaluate(async (queue) => (await sluice.counts())[queue], queue);
}

/** Waits until no job of any queue is left to end. */
export async function drained(page: Page, timeout = 90_000): Promise<void> {
  // Not by the snapshot: it may not have heard yet of what was accepted a moment ago.
  const left = () =>
    page.evaluate(async () => {
      const counts = Object.values(await sluice.counts());
      return counts.reduce((sum, one) => sum + (one ? one.waiting + one.leased : 0), 0);
    });
  await expect.poll(left, { timeout }).toBe(0);
}

/** The most instants that any half-open window of `perMs` holds. */
export function mostInAWindow(instants: readonly number[], perMs: number): number {
  const sorted = instants.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] as number) >= perMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/**
 * Holds the log to the limit in any window of `perMs`, and the service's record in any window of `perMs` less the spread
 * of arrival minus dispatch in this run, which the network and two clocks add. The spread is printed.
 */
export async function expectNeverFaster(
  page: Page,
  origin: Origin,
  { limit, perMs }: { limit: number; perMs: number },
): Promise<void> {
  const sends = await sendsOf(page);
  expect(
    mostInAWindow(
      sends.map(({ at }) => at),
      perMs,
    ),
  ).toBeLessThanOrEqual(limit);
  // A charge that was too late for its send stays in the log: the last one before the arrival is the one that left.
  const sentAt = (key: string | undefined, arrivedAt: number) =>
    sends.findLast(({ idempotencyKey, at }) => idempotencyKey === key && at <= arrivedAt)?.at;
  const delays = origin.arrivals.map(
    ({ idempotencyKey, at }) => at - (sentAt(idempotencyKey, at) ?? Number.NaN),
  );
  const spreadMs = Math.max(...delays) - Math.min(...delays);
  console.log(`spread of arrival minus dispatch: ${spreadMs.toFixed(1)} ms over ${delays.length} sends`);
  // How long a busy machine holds a send back is no fault of ours: then the log alone tells.
  if (spreadMs >= perMs)
    return console.log('which leaves no window: of the pace at the service nothing can be said');
  const arrivals = origin.arrivals.map(({ at }) => at);
  expect(mostInAWindow(arrivals, perMs - spreadMs)).toBeLessThanOrEqual(limit);
}

/** Every job reached the service and was done there once. */
export function expectEachOnce(origin: Origin, count: number): void {
  const done = origin.arrivals.filter(({ outcome }) => outcome === 'accepted');
  expect(new Set(done.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(count);
  expect(done).toHaveLength(count);
}
