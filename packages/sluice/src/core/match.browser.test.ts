import { expect, test } from 'vitest';
import type { SluiceError } from './errors.js';
import { createMatcher, type Match, type RequestFacts } from './match.js';

const BASE = 'https://app.test/sluice.js';
const errors: SluiceError[] = [];
const matcher = (match: Match) =>
  createMatcher([{ name: 'orders', match }], BASE, (error) => errors.push(error));
const post = (url: string, change: Partial<RequestFacts> = {}): RequestFacts => ({
  method: 'POST',
  url,
  mode: 'cors',
  destination: '',
  ...change,
});

test('a relative pattern belongs to the origin of the app, and to no other', () => {
  const match = matcher({ method: 'POST', url: '/api/orders{/*}?' });
  expect(match(post('https://app.test/api/orders'))).toBe('orders');
  expect(match(post('https://app.test/api/orders/7'))).toBe('orders');
  expect(match(post('https://app.test/api/ordersome'))).toBeUndefined();
  expect(match(post('https://other.test/api/orders'))).toBeUndefined();
});

test('a relative pattern means the same wherever the script lies that runs it', () => {
  const queues = [{ name: 'orders', match: { method: 'POST', url: 'api/orders' } }];
  for (const base of ['https://app.test/nested/sluice.js', 'blob:https://app.test/a-worker', BASE]) {
    const match = createMatcher(queues, base, () => undefined);
    expect(match(post('https://app.test/api/orders'))).toBe('orders');
    expect(match(post('https://app.test/nested/api/orders'))).toBeUndefined();
  }
});

test('a whole pattern names another origin', () => {
  expect(matcher({ method: 'POST', url: 'https://api.test/*' })(post('https://api.test/x'))).toBe('orders');
});

test('methods are compared as a service compares them, alone or in a list', () => {
  const match = matcher({ method: ['put', 'PATCH'], url: '/x' });
  expect(match(post('https://app.test/x', { method: 'PUT' }))).toBe('orders');
  expect(match(post('https://app.test/x', { method: 'patch' }))).toBe('orders');
  expect(match(post('https://app.test/x'))).toBeUndefined();
});

test('navigations never match a rule', () => {
  const match = matcher({ method: 'POST', url: '/x' });
  expect(match(post('https://app.test/x', { mode: 'navigate' }))).toBeUndefined();
});

test('the first queue in the order of declaration wins', () => {
  const queues = ['first', 'second'].map((name) => ({ name, match: { method: 'POST', url: '/*' } }));
  expect(createMatcher(queues, BASE, () => undefined)(post('https://app.test/x'))).toBe('first');
});

test('a function that throws lets the request pass, and is reported', () => {
  const match = matcher(() => {
    throw new Error('oops');
  });
  expect(match(post('https://app.test/x'))).toBeUndefined();
  expect(errors.at(-1)).toMatchObject({ code: 'function-failed', value: 'orders' });
});

test('what is no pattern is named', () => {
  expect(() => matcher({ method: 'POST', url: '/(' })).toThrow(
    expect.objectContaining({ code: 'config-invalid', value: '/(' }),
  );
});
