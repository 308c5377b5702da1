import { expect, test } from 'vitest';
import { memory } from '../store/memory.js';
import type { GateOptions } from './api.js';
import { createGate } from './gate.js';
import { benchWith, fakePlatform } from './gate.kit.js';
import { Tokens } from './tokens.js';

const SECRET = 'a secret of the tests, 32 characters';
const QUEUE = { match: { url: '/api/orders' } };

function open(options: Partial<GateOptions<undefined, string>>): Promise<unknown> {
  return createGate({
    store: memory(),
    secret: SECRET,
    identity: () => '',
    queues: { orders: QUEUE },
    ...options,
  });
}

test.each<[string, Partial<GateOptions<undefined, string>>]>([
  ['queues is {}', { queues: {} }],
  ['the name of a queue is "a b"', { queues: { 'a b': QUEUE } }],
  ['orders, match.url is "orders"', { queues: { orders: { match: { url: 'orders' } } } }],
  ['orders, rate.limit is 0', { queues: { orders: { ...QUEUE, rate: { limit: 0, perMs: 1000 } } } }],
  ['orders, rate.limit is 1.5', { queues: { orders: { ...QUEUE, rate: { limit: 1.5, perMs: 1000 } } } }],
  ['orders, rate.perMs is 0', { queues: { orders: { ...QUEUE, rate: { limit: 1, perMs: 0 } } } }],
  [
    'orders, rate.burst is 2',
    { queues: { orders: { ...QUEUE, rate: { limit: 1, perMs: 1000, burst: 2 } } } },
  ],
  ['orders, holdMs is -1', { queues: { orders: { ...QUEUE, holdMs: -1 } } }],
  ['orders, leaseMs is 0', { queues: { orders: { ...QUEUE, leaseMs: 0 } } }],
  ['orders, line.maxJobs is 0', { queues: { orders: { ...QUEUE, line: { maxJobs: 0 } } } }],
  ['deliver is undefined', { queues: { orders: { ...QUEUE, line: {} } } }],
  ['secret is "not shown"', { secret: 'short' }],
])('a gate is not made where %s', async (sentence, options) => {
  const wanted = { code: 'config-invalid', message: expect.stringContaining(sentence) };
  await expect(open(options)).rejects.toMatchObject(wanted);
});

test.each([
  ['too long', 'a token'.padEnd(256), '"256 characters"'],
  ['with a NUL', 'a token\0', '"8 characters"'],
  ['that is no string', 7 as unknown as string, '"number"'],
])('an identity %s is refused, and is quoted nowhere', async (_, identity, shown) => {
  const { ask, sent } = await benchWith({}, { identity: () => identity });
  const error = await ask().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'config-invalid', message: expect.stringContaining(shown) });
  expect(String(error) + JSON.stringify(error)).not.toContain('a token');
  expect(sent).toHaveLength(0);
});

test('a number that an older secret has signed is still accepted', async () => {
  const platform = fakePlatform();
  const [before, after] = ['an older secret of the tests, 32 characters', SECRET];
  const token = await new Tokens(platform, [before]).signSlot('orders', 'ann', { at: 1000.5, serial: 7 });
  const rotated = new Tokens(platform, [after, before]);
  expect(await rotated.readSlot('orders', 'ann', token)).toEqual({ at: 1000.5, serial: 7 });
  expect(await rotated.readSlot('other', 'ann', token)).toBeUndefined();
  expect(await new Tokens(platform, [after]).readSlot('orders', 'ann', token)).toBeUndefined();
});

test('a delivery passes for as long as its lease, and for its own gate', async () => {
  const tokens = new Tokens(fakePlatform(), [SECRET]);
  const held = { queue: 'orders', identity: 'ann', key: 'k', lease: 'l' };
  const token = await tokens.signDelivery(held, 5000);
  expect(await tokens.readDelivery(token, 5000)).toEqual(held);
  expect(await tokens.readDelivery(token, 5001)).toBeUndefined();
  expect(await tokens.readDelivery(token.replace('ann', 'bob'), 5000)).toBeUndefined();
});
