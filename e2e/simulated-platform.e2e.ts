import type { BrowserContext } from '@playwright/test';
import { expect, type Origin, type Page, test } from './fixtures.js';

// What the simulation takes for granted of the platform (packages/simulation: disk.ts, locks.ts, contexts.ts), asked of the
// browser itself, on pages that have nothing of Sluice.

/** A page with one table at hand. */
async function blank(context: BrowserContext, origin: Origin): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${origin.url}/api/blank`);
  await page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('platform', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('rows');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error ?? new Error('it did not open'));
    });
    const table = () => db.transaction('rows', 'readwrite').objectStore('rows');
    const resultOf = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve) => {
        request.onsuccess = () => resolve(request.result);
      });
    Object.assign(globalThis, { table, resultOf });
  });
  return page;
}

/* oxlint-disable no-var -- a global of the page can only be declared so */
declare global {
  var table: () => IDBObjectStore;
  var resultOf: <T>(request: IDBRequest<T>) => Promise<T>;
  var told: string[];
}
/* oxlint-enable no-var */

const read = (page: Page, key: string) =>
  page.evaluate(async (key) => (await resultOf(table().get(key))) as unknown, key);

test('transactions of two pages that write one table run one after another', async ({ context, origin }) => {
  const pages = [await blank(context, origin), await blank(context, origin)];
  const seen = await Promise.all(
    pages.map((page) =>
      page.evaluate(() =>
        Promise.all(
          Array.from({ length: 100 }, async () => {
            const rows = table();
            const count = ((await resultOf(rows.get('count'))) as number | undefined) ?? 0;
            rows.put(count + 1, 'count');
            return count;
          }),
        ),
      ),
    ),
  );
  expect(new Set(seen.flat()).size).toBe(200);
  for (const own of seen) expect(own).toEqual(own.toSorted((a, b) => a - b));
});

test('a page that ends in mid-transaction has written nothing of it, all that was committed, and bars nobody', async ({
  context,
  origin,
}) => {
  const page = await blank(context, origin);
  const other = await blank(context, origin);
  await page.evaluate(async () => {
    const whole = table();
    whole.put('kept', 'whole');
    await new Promise((resolve) => whole.transaction.addEventListener('complete', resolve));
    const rows = table();
    await resultOf(rows.put('lost', 'half'));
    // For as long as it asks for something, the transaction goes on.
    const goOn = (): void => {
      rows.get('half').onsuccess = goOn;
    };
    goOn();
  });
  await page.close();
  expect(await read(other, 'half')).toBeUndefined();
  expect(await read(other, 'whole')).toBe('kept');
});

/** Holds a lock for good, and notes if it is lost. */
function takeSeat(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        globalThis.told = [];
        const holding = navigator.locks.request('seat', () => {
          resolve();
          return new Promise(() => undefined);
        });
        holding.catch((error: DOMException) => told.push(error.name));
      }),
  );
}

test('the lock of a page that is gone goes to whoever has waited longest', async ({ context, origin }) => {
  const holder = await blank(context, origin);
  const other = await blank(context, origin);
  await takeSeat(holder);
  const isFree = await other.evaluate(async () => {
    globalThis.told = [];
    const isGranted = await navigator.locks.request('seat', { ifAvailable: true }, (lock) => lock !== null);
    void navigator.locks.request('seat', () => told.push('first'));
    void navigator.locks.request('seat', () => told.push('second'));
    return isGranted;
  });
  expect(isFree).toBe(false);
  await holder.close();
  await expect.poll(() => other.evaluate(() => told)).toEqual(['first', 'second']);
});

test('whoever holds a lock that is stolen is told', async ({ context, origin }) => {
  const holder = await blank(context, origin);
  const thief = await blank(context, origin);
  await takeSeat(holder);
  expect(await thief.evaluate(() => navigator.locks.request('seat', { steal: true }, () => 'mine'))).toBe(
    'mine',
  );
  await expect.poll(() => holder.evaluate(() => told)).toEqual(['AbortError']);
});

test('a broadcast is lost for whoever listens later', async ({ context, origin }) => {
  const [teller, early, late] = [
    await blank(context, origin),
    await blank(context, origin),
    await blank(context, origin),
  ];
  const tell = (word: string) =>
    teller.evaluate((word) => new BroadcastChannel('words').postMessage(word), word);
  const listen = (page: Page) =>
    page.evaluate(() => {
      globalThis.told = [];
      new BroadcastChannel('words').addEventListener('message', ({ data }) => told.push(data as string));
    });
  await listen(early);
  await tell('early');
  // It is under way until somebody has heard it.
  await expect.poll(() => early.evaluate(() => told)).toEqual(['early']);
  await listen(late);
  await tell('late');
  await expect.poll(() => late.evaluate(() => told)).toEqual(['late']);
});
