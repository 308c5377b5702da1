import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import type { Origin } from '@sluice/origin';
import { test } from './fixtures.js';
import { answeredOf, isOrder, reportsOf, sendsOf } from './reports.js';

/** A browser on a busy machine takes its time. */
const START_MS = 60_000;
const ORDERS = 5;

test.skip(
  ({ browserName }) => browserName !== 'chromium',
  'the log in question is of LevelDB, which Chromium stores in',
);

test('a log that a crash has cut short, and another crash, cost nothing', async ({
  origin,
  profile,
  start,
}) => {
  origin.set({ fault: { kind: 'status', status: 503, retryAfter: '1', match: isOrder } });
  const first = await start({ life: 1, orders: ORDERS, settings: {} });
  await origin.waitFor(() => reportsOf(origin, 'receipt').length === ORDERS, START_MS);
  await first.kill();
  const torn = cutShort(profile);
  await liveUntilSettled(origin, () => start({ life: 2, orders: 0, settings: {} }));
  expect(logOf(profile), 'the log of the life after').not.toBe(torn);

  origin.set({ fault: undefined });
  const last = await start({ life: 3, orders: 0, settings: {} });
  await origin.waitFor(() => reportsOf(origin, 'emptied').some(({ life }) => life === 3), START_MS);
  await last.kill();
  expect(answeredOf(origin).size).toBe(ORDERS);
});

/** What comes of a send is written behind the cut, and the browser is killed again. */
async function liveUntilSettled(
  origin: Origin,
  begin: () => Promise<{ kill(): Promise<void> }>,
): Promise<void> {
  const before = sendsOf(origin).length;
  const browser = await begin();
  // The second send comes after the first one has been settled.
  await origin.waitFor(() => sendsOf(origin).length >= before + 2, START_MS);
  await browser.kill();
}

/** As Chromium leaves it that dies between the head of a record and what it holds, which it writes one after the other. */
function cutShort(profile: string): string {
  const log = logOf(profile);
  const head = Buffer.alloc(7);
  head.writeUInt16LE(3000, 4);
  head.writeUInt8(1, 6);
  appendFileSync(log, head);
  return log;
}

function logOf(profile: string): string {
  const folder = join(profile, 'Default/IndexedDB');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return join(folder, files.find((file) => file.endsWith('.log')) ?? 'none');
}
