import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hintOf, isQuotaSpent } from './hints.js';

const NOW = Date.UTC(2026, 0, 1);
const hint = (headers: Record<string, string>, status = 200) => hintOf(status, Object.entries(headers), NOW);

test.each([
  [{ 'Retry-After': '5' }, { notBeforeMs: 5000 }],
  [{ 'Retry-After': '2.5' }, { notBeforeMs: 2500 }],
  [{ 'Retry-After': 'Thu, 01 Jan 2026 00:00:30 GMT' }, { notBeforeMs: 30_000 }],
  [
    { RateLimit: '"default";r=50;t=30', 'RateLimit-Policy': '"default";q=100;w=60' },
    { remaining: 50, resetMs: 30_000, quota: 100, windowMs: 60_000 },
  ],
  [{ RateLimit: 'limit=100, remaining=50, reset=30' }, { remaining: 50, resetMs: 30_000 }],
  [
    { 'RateLimit-Remaining': '3', 'RateLimit-Reset': '7' },
    { remaining: 3, resetMs: 7000 },
  ],
  [
    { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '9' },
    { remaining: 0, resetMs: 9000 },
  ],
  [
    { 'X-RateLimit-Remaining': '1', 'X-RateLimit-Reset': String(NOW / 1000 + 60) },
    { remaining: 1, resetMs: 60_000 },
  ],
  [
    { 'X-RateLimit-Remaining': '1', 'X-RateLimit-Reset': String(NOW + 500) },
    { remaining: 1, resetMs: 500 },
  ],
  [{ 'X-Shopify-Shop-Api-Call-Limit': '39/40' }, { remaining: 1, resetMs: 19_500 }],
  [
    { RateLimit: '"a,b";r=9;t=3', 'RateLimit-Policy': '"a,b";q=10;w=1' },
    { remaining: 9, resetMs: 3000, quota: 10, windowMs: 1000 },
  ],
])('%j is understood', (headers, expected) => {
  expect(hint(headers)).toEqual(expected);
});

test('of several policies and quotas the tightest holds', () => {
  const headers = {
    RateLimit: '"hour";r=900;t=3600, "second";r=1;t=1',
    'RateLimit-Policy': '"a";q=9;w=1,"b";q=60;w=60',
  };
  expect(hint(headers)).toEqual({ remaining: 900, resetMs: 3_600_000, quota: 60, windowMs: 60_000 });
});

test('a policy that counts something else than requests is none of ours', () => {
  expect(hint({ 'RateLimit-Policy': '"c";q=6;w=1;qu="concurrent-requests"' })).toBeUndefined();
});

test.each([
  [{ 'Retry-After': 'Thu, 01 Jan 2026 00:05:30 GMT' }, { notBeforeMs: 30_000 }],
  [{ 'Retry-After': 'Wed, 31 Dec 2025 23:59:00 GMT' }, { notBeforeMs: 0 }],
  [
    { 'X-RateLimit-Remaining': '1', 'X-RateLimit-Reset': String(NOW / 1000 + 360) },
    { remaining: 1, resetMs: 60_000 },
  ],
  [
    { 'RateLimit-Remaining': '0', 'RateLimit-Reset': String(NOW + 300_500) },
    { remaining: 0, resetMs: 500 },
  ],
])('%j is read by the clock of the service, whatever ours says', (headers, expected) => {
  const Date = 'Thu, 01 Jan 2026 00:05:00 GMT';
  expect(hint({ ...headers, Date })).toEqual(expected);
});

test('an instant is read by our own clock where the answer does not say its date', () => {
  for (const Date of ['', 'yesterday', '2026-01-01T00:05:00Z']) {
    const headers = { 'Retry-After': 'Thu, 01 Jan 2026 00:00:30 GMT', Date };
    expect(hint(headers)).toEqual({ notBeforeMs: 30_000 });
  }
});

test('a limit of a minute is what GitHub asks for where it says nothing else', () => {
  expect(hint({ 'X-GitHub-Request-Id': 'x' }, 429)).toEqual({ notBeforeMs: 60_000 });
  expect(hint({ 'X-GitHub-Request-Id': 'x', 'Retry-After': '5' }, 429)).toEqual({ notBeforeMs: 5000 });
  expect(hint({ 'X-GitHub-Request-Id': 'x' }, 403)).toBeUndefined();
});

test('a stored answer, nothing, and nonsense tell nothing', () => {
  expect(hint({ Age: '7', RateLimit: '"default";r=0;t=30' })).toBeUndefined();
  expect(hint({})).toBeUndefined();
  expect(hint({ 'RateLimit-Policy': '"x";q=0;w=60' })).toBeUndefined();
  const nonsense = { RateLimit: '"x";r=-1;t=many', 'X-RateLimit-Remaining': '1e3', 'RateLimit-Policy': 'q' };
  expect(hint(nonsense)).toBeUndefined();
});

test('a quota that is spent is known by its remaining 0', () => {
  expect(isQuotaSpent(hint({ 'X-RateLimit-Remaining': '0' }))).toBe(true);
  expect(isQuotaSpent(hint({ 'Retry-After': '1' }))).toBe(false);
});

test('whatever a service sends, what is read is finite and never negative', () => {
  const name = fc.constantFrom(
    'Retry-After',
    'RateLimit',
    'RateLimit-Policy',
    'X-RateLimit-Remaining',
    'X-RateLimit-Reset',
    'X-Shopify-Shop-Api-Call-Limit',
  );
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.stringMatching(/^"[a-z]*";[rtqw]=-?\d{0,20};[rtqw]=\d{0,20}$/),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.integer({ min: 200, max: 599 }), (headers, status) => {
      for (const number of Object.values(hintOf(status, headers, NOW) ?? {})) {
        expect(Number.isFinite(number)).toBe(true);
        expect(number).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
