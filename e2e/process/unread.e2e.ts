import { readdirSync } from 'node:fs';
import { expect } from '@playwright/test';
import { processOf } from './chromium.js';
import { test } from './fixtures.js';
import { placeOrders, visit } from './pages.js';

const settings = { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } };

test.skip(({ browserName }) => browserName !== 'chromium', 'its driver does not name the process of a page');

test('receipts that the page never reads hold nothing open', async ({ driven, origin }) => {
  const page = await visit(await driven.newPage(), origin, settings);
  const pid = await processOf(driven, page);
  await placeOrders(page, 64);
  const before = openIn(pid);
  for (let i = 0; i < 4; i++) await placeOrders(page, 64);
  // An answer that was told not to be stored would hold one each, for good: docs/discoveries.
  expect(openIn(pid) - before, 'files that 256 unread receipts hold open').toBeLessThan(64);
});

function openIn(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
