import type { Page } from '@playwright/test';
import {
  burst,
  connected,
  countsOf,
  drained,
  expect,
  expectEachOnce,
  expectNeverFaster,
  type Origin,
  sendsOf,
  test,
} from './fixtures.js';

const rate = { limit: 20, perMs: 1000, burst: 4 };
const settings = { queues: { orders: { rate, concurrency: 4 } } };

/** Every tab has a worker, and one of them leads. */
const enginesOf = async (page: Page) =>
  new Set((await sendsOf(page)).map(({ leaseId }) => leaseId.split('/', 2).join('/')));

test('five tabs at once share one queue and one rate', async ({ origin, open }) => {
  const pages: Page[] = [];
  for (let i = 0; i < 5; i++) pages.push(await open({ settings }));
  await Promise.all(pages.map((page) => burst(page, 20)));
  const [first] = pages as [Page];
  await drained(first);
  expectEachOnce(origin, 100);
  await expectNeverFaster(first, origin, rate);
  expect((await enginesOf(first)).size).toBe(1);
  for (const page of pages) expect(await countsOf(page)).toMatchObject({ accepted: 100, done: 100 });
});

test('when the leading tab is closed in mid-send, another takes over at once and loses nothing', async ({
  origin,
  open,
}) => {
  const leader = await open({ settings });
  const other = await open({ settings });
  await burst(leader, 40);
  await sentSome(origin);
  origin.set({ baseLatencyMs: 1500 });
  await origin.waitFor(({ arrivals }) => arrivals.some(({ outcome }) => outcome === 'waiting'));
  await leader.close();
  origin.set({ baseLatencyMs: 0 });
  await drained(other);
  const keys = new Set(origin.arrivals.map(({ idempotencyKey }) => idempotencyKey));
  expect(keys.size).toBe(40);
  expect(await countsOf(other)).toMatchObject({ accepted: 40, done: 40, dead: {} });
  expect((await enginesOf(other)).size).toBe(2);
  // At most what was in flight is sent twice, with the same key.
  expect(origin.arrivals.length).toBeLessThanOrEqual(40 + 4);
  await expectNeverFaster(other, origin, rate);
});

test('a page that is left again and again in mid-send is no crash, and no attempt of its job', async ({
  origin,
  open,
}) => {
  const page = await open();
  // An answer that it remembers would end the job too soon.
  origin.set({ baseLatencyMs: 10_000, dedupe: false });
  const [ticket = ''] = await burst(page, 1);
  // Once more than a job may have taken its engine down.
  for (let i = 0; i < 4; i++) {
    const job = (): Promise<unknown> => page.evaluate((ticket) => sluice.get(ticket), ticket);
    await expect.poll(job).toMatchObject({ state: 'leased', attempts: 0 });
    if (i === 3) origin.set({ baseLatencyMs: 0 });
    await page.reload();
    await connected(page);
  }
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
});

async function sentSome(origin: Origin): Promise<void> {
  await origin.waitFor(({ arrivals }) => arrivals.length >= 5);
}
