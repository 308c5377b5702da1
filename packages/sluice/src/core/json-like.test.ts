import { expect, test } from 'vitest';
import { findNotJson } from './json-like.js';

test('plain values pass', () => {
  expect(findNotJson({ token: 'x', n: 1, list: [true, null, { deep: 'y' }] })).toBeUndefined();
});

test('the first part that JSON would lose is named by its path', () => {
  expect(findNotJson({ a: { b: [1, undefined] } })).toBe('context.a.b.1');
  expect(findNotJson({ token: () => 'x' })).toBe('context.token');
  expect(findNotJson({ when: new Date(0) })).toBe('context.when');
  expect(findNotJson({ n: Number.NaN })).toBe('context.n');
});

test('a circle is no JSON', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(findNotJson(circle)).toBe('context.self');
});
