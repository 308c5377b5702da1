import { expect, test } from 'vitest';
import { rateLimitFields } from './rate-limit-fields.js';

const USAGE = { limit: 10, perMs: 60_000, remaining: 4, resetMs: 12_300 };

test('writes the fields of the draft: quota and window, remaining and seconds until the reset', () => {
  expect(rateLimitFields('draft', USAGE, 0)).toEqual({
    'ratelimit-policy': '"default";q=10;w=60',
    ratelimit: '"default";r=4;t=13',
  });
});

test('writes the X-RateLimit fields with the instant of the reset in epoch seconds', () => {
  expect(rateLimitFields('x-ratelimit', USAGE, 1_700_000_000_000)).toEqual({
    'x-ratelimit-limit': '10',
    'x-ratelimit-remaining': '4',
    'x-ratelimit-reset': '1700000013',
  });
});

test('writes nothing when told so, or when there is no limit', () => {
  expect(rateLimitFields('none', USAGE, 0)).toEqual({});
  expect(rateLimitFields('draft', undefined, 0)).toEqual({});
});
