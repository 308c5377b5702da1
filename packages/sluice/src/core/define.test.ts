import { expect, test } from 'vitest';
import { policiesOf, type SluiceConfig } from './config.js';
import { defineSluice, definitionFrom } from './define.js';
import { DEFAULT_POLICY } from './policy.js';

const match = { method: 'POST', url: '/api/orders' };

const messageOf = (config: unknown): string => {
  try {
    defineSluice(config as SluiceConfig);
  } catch (error) {
    expect(error).toMatchObject({ code: 'config-invalid' });
    return (error as Error).message;
  }
  return 'no error';
};

test('fills in every default', () => {
  const definition = defineSluice({ queues: { orders: { match } } });
  expect(definition).toMatchObject({ name: 'sluice', enabled: true });
  expect(policiesOf(definition)).toEqual({ orders: DEFAULT_POLICY });
});

test('takes what is undefined for what was not asked for', () => {
  const asked = { concurrency: undefined, backoff: { baseMs: undefined } };
  const rate = { limit: 5, perMs: 1000, burst: undefined };
  const config = { limits: { 'https://api.test': rate }, queues: { orders: { match, rate, ...asked } } };
  const full = { limit: 5, perMs: 1000, burst: 1 };
  expect(policiesOf(defineSluice(config as unknown as SluiceConfig))).toEqual({
    orders: { ...DEFAULT_POLICY, concurrency: 5, rate: full, limits: { 'https://api.test': full } },
  });
});

test.each([
  [undefined, 6],
  [{ limit: 1, perMs: 1000 }, 1],
  [{ limit: 1, perMs: 60_000 }, 1],
  [{ limit: 1, perMs: 300 }, 4],
  [{ limit: 5, perMs: 1000 }, 5],
  [{ limit: 60, perMs: 60_000 }, 6],
])('has as many in flight as the rate %j needs, %i', (rate, concurrency) => {
  const orders = { match, ...(rate ? { rate } : {}) };
  expect(defineSluice({ queues: { orders } }).queues[0]?.policy.concurrency).toBe(concurrency);
  const asked = { ...orders, concurrency: 9 };
  expect(defineSluice({ queues: { orders: asked } }).queues[0]?.policy.concurrency).toBe(9);
});

test('keeps queues in the order of their declaration', () => {
  const { queues } = defineSluice({ queues: { b: { match }, a: { match } } });
  expect(queues.map(({ name }) => name)).toEqual(['b', 'a']);
});

test('takes what it has made itself', () => {
  const definition = defineSluice({ queues: { orders: { match } } });
  expect(definitionFrom(definition)).toBe(definition);
});

test('a named idempotency header goes to other origins too', () => {
  const { queues } = defineSluice({ queues: { orders: { match, idempotencyHeader: 'X-Key' } } });
  expect(queues[0]?.policy.idempotency).toEqual({ header: 'X-Key', format: 'quoted', crossOrigin: true });
});

test.each([
  [
    { rate: { limit: 0, perMs: 1000 } },
    ["queue 'orders', rate", '"limit":0', 'limit: a whole number from 1'],
  ],
  [{ rate: { limit: 5 } }, ["queue 'orders', rate", 'perMs: whole milliseconds']],
  [
    { rate: { limit: 5, perMs: 1000, burst: 6 } },
    ["queue 'orders', rate.burst is 6", 'at most rate.limit, 5'],
  ],
  [
    { dedupeKey: () => 'k', ttlMs: 2000, dedupeWindowMs: 1999 },
    ['dedupeWindowMs is 1999', 'at least ttlMs, 2000'],
  ],
  [{ coalesce: 'replace' as const }, ["queue 'orders', dedupeKey is missing", 'a function, with coalesce']],
  [{ priority: 3 }, ['priority is 3', 'a function']],
  [{ concurrency: Number.MAX_SAFE_INTEGER }, ['concurrency is 9007199254740991', 'from 1 to 10000']],
  [{ concurrency: 1.5 }, ["queue 'orders', concurrency is 1.5", 'a whole number from 1']],
  [
    { whenFull: 'explode' },
    ['whenFull is "explode"', "'reject' or 'drop-oldest' or 'drop-lowest' or 'network'"],
  ],
  [{ verdicts: { 600: 'ack' } }, ['verdicts is {"600":"ack"}', "'2xx' to '5xx'"]],
  [{ verdicts: { 500: 'explode' } }, ['verdicts is', "'ack' or 'nack'"]],
  [{ repeat: 'sometimes' }, ['repeat is "sometimes"', "'always' or 'never'"]],
  [{ rates: {} }, ["queue 'orders', rates", 'no such field; known are match, mode']],
  [{ orderingKey: 'customer' }, ['orderingKey is "customer"', 'a function']],
  [{ secretHeaders: ['not a header'] }, ['secretHeaders', 'a list of header names']],
  [{ timeoutMs: 2 ** 31 }, ['timeoutMs is 2147483648', '2147483647']],
  [{ backoff: { baseMs: 10, maxMs: 5 } }, ['backoff.baseMs is 10', 'at most backoff.maxMs, 5']],
  [{ match: { method: 'POST' } }, ["queue 'orders', match", 'url: a URL pattern']],
  [{ match: [] }, ["queue 'orders', match is []"]],
  [{ match: undefined }, ["queue 'orders', match is missing"]],
])('%j is named with its queue, its field, its value and what is allowed', (change, parts) => {
  const message = messageOf({ queues: { orders: { match, ...change } } });
  for (const part of parts) expect(message).toContain(part);
});

test('names every problem at once', () => {
  const message = messageOf({ queues: { a: { match, maxJobs: -1 }, b: { match, ttlMs: 'long' } } });
  expect(message).toContain("queue 'a', maxJobs is -1");
  expect(message).toContain('queue \'b\', ttlMs is "long"');
});

test.each([
  undefined,
  null,
  7,
  'x',
  [],
  {},
  { queues: {} },
  { queues: null },
  { name: 'a b', queues: {} },
  { queue: {} },
])('%j is no config', (config) => {
  expect(messageOf(config)).toContain('[sluice] config-invalid');
});

test('a name that an object has by nature is a name like any other, or refused by rule', () => {
  expect(defineSluice({ queues: { constructor: { match } } }).queues[0]?.name).toBe('constructor');
  expect(
    messageOf(JSON.parse('{ "queues": { "a b": { "match": { "method": "GET", "url": "/" } } } }')),
  ).toContain('its name');
  expect(messageOf({ queues: { orders: { match, ['__proto__x']: 1 } } })).toContain('no such field');
});

test.each([
  [{ 'https://api.example.com/v1': { limit: 1, perMs: 1000 } }, /an object of rates by origin/],
  [
    { 'https://api.example.com': { limit: 1, perMs: 1000, burst: 2 } },
    /burst is 2; allowed: at most rate.limit, 1/,
  ],
])('a limit of a destination that cannot hold is named', (limits, sentence) => {
  expect(() => defineSluice({ limits, queues: { orders: { match } } })).toThrow(sentence);
});

test('the limits of destinations are part of every policy, evenly spaced unless a burst is asked for', () => {
  const origin = 'https://api.example.com';
  const { queues } = defineSluice({
    limits: { [origin]: { limit: 2, perMs: 1000 } },
    queues: { a: { match }, b: { match } },
  });
  for (const { policy } of queues)
    expect(policy.limits).toEqual({ [origin]: { limit: 2, perMs: 1000, burst: 1 } });
});
