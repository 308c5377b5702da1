import type { Page } from '@playwright/test';
import type { Origin } from '@sluice/origin';
import type { Sluice } from 'sluice/client';

declare const sluice: Sluice;

/** Opens the usage page of the short form, and waits until it is connected. */
export async function visit(page: Page, { url }: Origin, settings: object = {}): Promise<Page> {
  await page.goto(`${url}/short/?settings=${encodeURIComponent(JSON.stringify(settings))}`);
  await page.waitForFunction(() => 'sluice' in globalThis);
  return page;
}

/** Places orders as an app does, by plain fetch, all at once. Resolves with the statuses of the answers. */
export function placeOrders(page: Page, count: number): Promise<number[]> {
  return page.evaluate(async (n) => {
    const orders = Array.from({ length: n }, (_, i) =>
      fetch('/api/orders', { method: 'POST', body: `1/${i}` }),
    );
    return (await Promise.all(orders)).map(({ status }) => status);
  }, count);
}

/** Listens from now on; what it answers resolves with the first event of that type. */
export async function listen(page: Page, type: 'leading' | 'wake-refused'): Promise<() => Promise<unknown>> {
  await page.evaluate((name) => {
    const heard = new Promise((resolve) => sluice.on(name, resolve));
    Object.assign(globalThis, { heard });
  }, type);
  return () => page.evaluate(() => (globalThis as { heard?: Promise<unknown> }).heard);
}
