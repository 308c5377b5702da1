import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import type { Sluice } from 'sluice/client';
import { test } from './fixtures.js';
import { visit } from './pages.js';

declare const sluice: Sluice;

const CANARY = 'canary-7f3b';
const queue = { functions: ['orderingKey:json.key', 'prepare:token'] };

test.skip(({ browserName }) => browserName !== 'chromium', 'a profile on disk is driven in Chromium alone');

test('where all is sealed, nothing of a request or its answer ever stands in clear in the files of the profile', async ({
  driven,
  origin,
  profile,
}) => {
  const page = await visit(await driven.newPage(), origin, { queues: { orders: { ...queue, seal: 'all' } } });
  origin.set({ fault: { kind: 'delay', ms: 500 } });
  await page.evaluate((canary) => sluice.setContext({ token: canary }), CANARY);
  const submitted = submit(page);
  expect(await filesWith(profile)).toEqual([]);
  const ticket = await submitted;
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  expect(origin.arrivals[0]).toMatchObject({
    url: `/api/orders?${CANARY}`,
    headers: { 'x-canary': CANARY, authorization: `Bearer ${CANARY}` },
    body: JSON.stringify({ key: CANARY }),
  });
  expect(await filesWith(profile)).toEqual([]);
  const outcome = await page.evaluate((ticket) => sluice.settled(ticket), ticket);
  expect(outcome.kind).toBe('done');
  await driven.close();
  expect(await filesWith(profile)).toEqual([]);
});

test('the same request unsealed is found there: the search sees what there is to see', async ({
  driven,
  origin,
  profile,
}) => {
  const page = await visit(await driven.newPage(), origin, {
    queues: { orders: { functions: queue.functions.slice(0, 1) } },
  });
  await page.evaluate(() => sluice.pause());
  await submit(page);
  await driven.close();
  expect((await filesWith(profile)).length).toBeGreaterThan(0);
});

function submit(page: Page): Promise<string> {
  return page.evaluate(async (canary) => {
    const response = await fetch(`/api/orders?${canary}`, {
      method: 'POST',
      headers: { 'X-Canary': canary },
      body: JSON.stringify({ key: canary }),
    });
    return response.headers.get('Sluice-Ticket') ?? 'none';
  }, CANARY);
}

/** The files that hold the canary, as one byte a character or as two. */
async function filesWith(folder: string): Promise<string[]> {
  const needles = [Buffer.from(CANARY, 'latin1'), Buffer.from(CANARY, 'utf16le')];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    // A file may be gone by now: the browser is at work.
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    if (needles.some((needle) => content.includes(needle))) found.push(path);
  }
  return found;
}
