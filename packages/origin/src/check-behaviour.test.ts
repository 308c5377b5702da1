import { expect, test } from 'vitest';
import { DEFAULT_BEHAVIOUR } from './behaviour.js';
import { checkBehaviour } from './check-behaviour.js';

test.each([
  DEFAULT_BEHAVIOUR,
  {},
  { ratePerSecond: 0.5, queueLimit: Number.POSITIVE_INFINITY },
  { overload: { status: 503 } },
  { overload: { status: 429, retryAfter: () => '3' } },
  { window: { limit: 10, perMs: 1000 }, fault: undefined },
  { fault: { kind: 'drop', times: 3, match: () => true } },
  { fault: { kind: 'delay', ms: 0 } },
  { fault: { kind: 'status', status: 502, retryAfter: '1.5' } },
  { answer: { status: 422, headers: { 'x-why': 'because' }, body: 'no' } },
])('takes %o', (patch) => {
  expect(() => checkBehaviour(patch)).not.toThrow();
});

test.each([
  [{ ratePerSecond: 0 }, 'ratePerSecond (given 0): allowed is requests per second above 0'],
  [{ ratePerSecond: '10' }, 'ratePerSecond (given "10")'],
  [{ ratePerSecond: Number.NaN }, 'ratePerSecond (given NaN)'],
  [{ ratePerSecond: undefined }, 'ratePerSecond (given undefined)'],
  [{ queueLimit: 1.5 }, 'queueLimit (given 1.5)'],
  [{ baseLatencyMs: 2 ** 31 }, 'baseLatencyMs (given 2147483648)'],
  [
    { overload: { status: 500 } },
    'allowed is { status: 429 or 503; retryAfter: a header value, or a function',
  ],
  [{ overload: { status: 429, retryAfter: 'a\nb' } }, 'overload (given {"status":429,"retryAfter":"a\\nb"})'],
  [{ rateLimitFields: 'all' }, 'allowed is "none" or "draft" or "x-ratelimit"'],
  [{ window: { limit: 0, perMs: 1000 } }, 'window (given {"limit":0,"perMs":1000})'],
  [{ fault: { kind: 'explode' } }, 'fault (given {"kind":"explode"})'],
  [{ fault: { kind: 'delay' } }, 'fault (given {"kind":"delay"})'],
  [{ fault: { kind: 'drop', time: 1 } }, 'fault (given {"kind":"drop","time":1})'],
  [{ answer: { status: 199 } }, 'a status from 200 to 599'],
  [{ answer: { status: 200, headers: { 'no name': '' } } }, 'an object of header names and values'],
  [{ dedupe: 'yes' }, 'dedupe (given "yes"): allowed is true or false'],
  [{ rate: 5 }, 'No field rate (given 5): allowed is one of ratePerSecond, queueLimit'],
  [[], 'The behaviour (given []): allowed is an object with ratePerSecond'],
  [null, 'The behaviour (given null)'],
])('refuses %j by name, with the value and what is allowed', (patch, sentence) => {
  expect(() => checkBehaviour(patch)).toThrow(
    expect.objectContaining({ code: 'behaviour-invalid', message: expect.stringContaining(sentence) }),
  );
});
