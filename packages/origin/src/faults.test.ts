import { expect, test } from 'vitest';
import type { Arrival } from './arrival.js';
import { planFault } from './faults.js';

const arrival = (url: string): Arrival => ({ url }) as Arrival;

test('hits every arrival by default', () => {
  const faultFor = planFault({ kind: 'reset' });
  expect([1, 2, 3].map(() => faultFor(arrival('/api/a'))?.kind)).toEqual(['reset', 'reset', 'reset']);
});

test('hits only as many as it is told', () => {
  const faultFor = planFault({ kind: 'drop', times: 2 });
  expect([1, 2, 3].map(() => faultFor(arrival('/api/a'))?.kind)).toEqual(['drop', 'drop', undefined]);
});

test('does not count an arrival that it does not match', () => {
  const faultFor = planFault({ kind: 'drop', times: 1, match: ({ url }) => url === '/api/b' });
  expect(['/api/a', '/api/b', '/api/b'].map((url) => faultFor(arrival(url))?.kind)).toEqual([
    undefined,
    'drop',
    undefined,
  ]);
});

test('hits nobody while the service is healthy', () => {
  expect(planFault(undefined)(arrival('/api/a'))).toBeUndefined();
});
