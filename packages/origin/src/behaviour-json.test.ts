import { expect, test } from 'vitest';
import { DEFAULT_BEHAVIOUR } from './behaviour.js';
import { fromJson, toJson } from './behaviour-json.js';

test('survives the way through JSON', () => {
  expect(fromJson(JSON.parse(JSON.stringify(toJson(DEFAULT_BEHAVIOUR))))).toEqual(DEFAULT_BEHAVIOUR);
});

test('reads null as no limit, and as nothing, where that has a meaning', () => {
  const patch = fromJson({ ratePerSecond: null, fault: null, dedupe: null });
  expect(patch).toEqual({ ratePerSecond: Number.POSITIVE_INFINITY, fault: undefined, dedupe: null });
});

test('leaves what is no object to the check', () => {
  expect([null, 3, ['a']].map(fromJson)).toEqual([null, 3, ['a']]);
});
