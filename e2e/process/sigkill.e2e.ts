import { expect } from '@playwright/test';
import type { Origin } from '@sluice/origin';
import { test } from './fixtures.js';
import { answeredOf, isOrder, reportsOf, sendsOf } from './reports.js';

const ROUNDS = 10;
const CONCURRENCY = 4;
/** A browser on a busy machine takes its time. */
const START_MS = 60_000;
const settings = { queues: { orders: { concurrency: CONCURRENCY } } };

test('SIGKILL of the whole browser in mid-enqueue, ten times, loses no receipt and repeats no verdict', async ({
  origin,
  start,
}) => {
  test.setTimeout(180_000);
  // Slower than the page, so that every kill finds jobs that wait and sends that are under way.
  origin.set({ fault: { kind: 'delay', ms: 30, match: isOrder } });
  const kills: number[] = [];
  for (let life = 1; life <= ROUNDS; life += 1) {
    const browser = await start({ life, orders: 1e9, settings });
    await origin.waitFor(() => receiptsOf(origin, life).length >= 8 + 3 * life, START_MS);
    await browser.kill();
    // What the dead browser has left in its sockets shall not count as sent by the next one.
    await origin.down();
    kills.push(origin.arrivals.at(-1)?.n ?? 0);
    await origin.up();
  }
  const browser = await start({ life: ROUNDS + 1, orders: 0, settings });
  await origin.waitFor(() => emptiedOf(origin, ROUNDS + 1) !== undefined, START_MS);
  await browser.kill();

  for (let life = 1; life <= ROUNDS; life += 1) {
    expect(lostOf(origin, life), `receipts of life ${life} that were not delivered after it`).toEqual([]);
    expect(leftAtKill(origin, life, kills), `orders that waited at kill ${life}`).toBeGreaterThan(0);
  }
  expect(repeatsWithinALife(origin, kills)).toEqual([]);
  expect(repeatsOfEndedJobs(origin)).toEqual([]);
  expect(repeatsOf(origin).length, 'sends repeated').toBeLessThanOrEqual(ROUNDS * CONCURRENCY);
  const orders = new Set(sendsOf(origin).map(({ order }) => order));
  const keys = new Set(sendsOf(origin).map(({ order, idempotencyKey }) => `${order} ${idempotencyKey}`));
  expect(keys.size, 'one key for each order, in all lives').toBe(orders.size);
  expect(emptiedOf(origin, ROUNDS + 1)?.counts).toMatchObject({
    waiting: 0,
    leased: 0,
    done: orders.size,
    dead: {},
  });
});

function receiptsOf(origin: Origin, life: number) {
  return reportsOf(origin, 'receipt').filter((receipt) => receipt.life === life);
}

/** When the page of this life found the queue of the lives before it empty. */
function emptiedOf(origin: Origin, life: number) {
  return reportsOf(origin, 'emptied').find((emptied) => emptied.life === life);
}

function lostOf(origin: Origin, life: number): string[] {
  const delivered = answeredOf(origin);
  const emptiedAt = emptiedOf(origin, life + 1)?.n ?? 0;
  const late = new Set(
    sendsOf(origin)
      .filter(({ n }) => n > emptiedAt)
      .map(({ order }) => order),
  );
  return receiptsOf(origin, life)
    .filter(({ order, ticket }) => !ticket || !delivered.has(order) || late.has(order))
    .map(({ order }) => order);
}

function leftAtKill(origin: Origin, life: number, kills: readonly number[]): number {
  const killedAt = kills[life - 1] ?? 0;
  return sendsOf(origin).filter((send) => send.life === life && send.n > killedAt).length;
}

function repeatsOf(origin: Origin) {
  const seen = new Set<string>();
  return sendsOf(origin).filter(({ order }) => seen.size === seen.add(order).size);
}

/** A send may be repeated only by a later engine, after a crash. */
function repeatsWithinALife(origin: Origin, kills: readonly number[]): string[] {
  const lifeAt = (n: number): number => kills.filter((killedAt) => killedAt < n).length + 1;
  const seen = new Set<string>();
  return sendsOf(origin)
    .map(({ order, n }) => `${order} in life ${lifeAt(n)}`)
    .filter((send) => seen.size === seen.add(send).size);
}

/** Sends of jobs whose verdict was recorded before. */
function repeatsOfEndedJobs(origin: Origin): string[] {
  const orderOf = new Map(reportsOf(origin, 'receipt').map(({ ticket, order }) => [ticket, order]));
  const ended = new Map(reportsOf(origin, 'done').map(({ ticket, n }) => [orderOf.get(ticket), n]));
  return sendsOf(origin)
    .filter(({ order, n }) => n > (ended.get(order) ?? Number.POSITIVE_INFINITY))
    .map(({ order }) => order);
}
