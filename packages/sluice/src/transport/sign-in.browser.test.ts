import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { withSignIn } from './sign-in.js';
import type { Expect, QueueConfig, QueueDefinition } from '../core/config.js';

const BASE = 'https://app.test/sluice.js';
const answerFrom = (url: string, redirected = true): Response =>
  Object.defineProperties(new Response(), { url: { value: url }, redirected: { value: redirected } });

const queueOf = (config: Partial<QueueConfig>): QueueDefinition =>
  defineSluice({ queues: { orders: { match: () => true, ...config } } }).queues[0] as QueueDefinition;
const judge = (config: Partial<QueueConfig>): Expect => withSignIn(queueOf(config), BASE).expect as Expect;

test('what is redirected to the page of the sign-in waits for sign-in, and is shown to no other function', () => {
  const expectOf = judge({ signInUrl: '/login*', expect: () => 'dead' });
  expect(expectOf(answerFrom('https://app.test/login'))).toBe('sign-in');
  expect(expectOf(answerFrom('https://app.test/login'))).toBe('sign-in');
  expect(expectOf(answerFrom('https://other.test/login'))).toBe('dead');
  expect(expectOf(answerFrom('https://app.test/orders/'))).toBe('dead');
  expect(expectOf(answerFrom('https://app.test/login', false))).toBe('dead');
});

test('a sign-in on another origin is named by its whole URL; without an `expect` the tables say the rest', () => {
  const expectOf = judge({ signInUrl: 'https://id.test/*' });
  expect(expectOf(answerFrom('https://id.test/authorize?client=7'))).toBe('sign-in');
  expect(expectOf(answerFrom('https://portal.test/'))).toBe(true);
});

test('a pattern that is none is refused by name, and a queue without one is left as it is', () => {
  expect(() => judge({ signInUrl: 'https://[' })).toThrow(/queue 'orders', signInUrl: .* is no URL pattern/);
  const queue = queueOf({});
  expect(withSignIn(queue, BASE)).toBe(queue);
});
