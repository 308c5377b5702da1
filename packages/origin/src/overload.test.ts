import { expect, test } from 'vitest';
import type { Overload } from './behaviour.js';
import { allRead, ONE_THEN_NONE, order, start } from './origin.kit.js';

const HTTP_DATE = 'Tue, 14 Nov 2023 22:13:20 GMT';
const FORMS: [string, Overload, string | null][] = [
  ['seconds', { status: 429, retryAfter: '2' }, '2'],
  ['decimals', { status: 503, retryAfter: '0.5' }, '0.5'],
  ['an HTTP-date', { status: 503, retryAfter: HTTP_DATE }, HTTP_DATE],
  ['nothing', { status: 429 }, null],
];

for (const [form, overload, field] of FORMS) {
  test(`answers ${overload.status} above the capacity, with ${form} in Retry-After`, async () => {
    const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE, queueLimit: 0, overload } });
    await order(origin);
    const response = await order(origin);
    expect([response.status, response.headers.get('retry-after')]).toEqual([overload.status, field]);
    expect(origin.arrivals[1]).toMatchObject({ outcome: 'rejected', status: overload.status });
  });
}

test('asks for Retry-After at the time of the answer', async () => {
  const retryAfter = (now: number) => new Date(now + 60_000).toUTCString();
  const overload: Overload = { status: 429, retryAfter };
  const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE, queueLimit: 0, overload } });
  await order(origin);
  const response = await order(origin);
  expect(Date.parse(response.headers.get('retry-after') ?? '')).toBeGreaterThan(origin.arrivals[1]?.at ?? 0);
});

test('lets as many wait as the line holds and refuses the next', async () => {
  const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE, queueLimit: 2 } });
  await order(origin);
  const waiting = [order(origin), order(origin)];
  await origin.waitFor(allRead(3));
  expect((await order(origin)).status).toBe(429);
  origin.set({ ratePerSecond: Number.POSITIVE_INFINITY });
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
});

test('answers 429 above a strict window, whatever the capacity', async () => {
  const window = { limit: 3, perMs: 1_000_000 };
  const origin = await start({ behaviour: { window, overload: { status: 503, retryAfter: '7' } } });
  const statuses = [];
  for (let count = 0; count < 5; count += 1) statuses.push((await order(origin)).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect((await order(origin)).headers.get('retry-after')).toBe('7');
});

test('does not count a refused request in the window', async () => {
  const window = { limit: 2, perMs: 1_000_000 };
  const origin = await start({ behaviour: { window, ratePerSecond: ONE_THEN_NONE, queueLimit: 0 } });
  await order(origin);
  await order(origin);
  origin.set({ ratePerSecond: Number.POSITIVE_INFINITY });
  expect([(await order(origin)).status, (await order(origin)).status]).toEqual([200, 429]);
});

test('tells what is left of the window in the fields of the draft, also when it refuses', async () => {
  const window = { limit: 2, perMs: 1_000_000 };
  const origin = await start({ behaviour: { window, rateLimitFields: 'draft' } });
  const fields = [];
  for (let count = 0; count < 3; count += 1) fields.push((await order(origin)).headers.get('ratelimit'));
  expect(fields).toEqual([
    expect.stringMatching(/^"default";r=1;t=\d+$/),
    expect.stringMatching(/^"default";r=0;t=\d+$/),
    expect.stringMatching(/^"default";r=0;t=\d+$/),
  ]);
  expect((await order(origin)).headers.get('ratelimit-policy')).toBe('"default";q=2;w=1000');
});

test('tells the capacity in the X-RateLimit fields where there is no window', async () => {
  const origin = await start({ behaviour: { ratePerSecond: 5, rateLimitFields: 'x-ratelimit' } });
  const { headers } = await order(origin);
  expect([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).toEqual(['5', '4']);
});
