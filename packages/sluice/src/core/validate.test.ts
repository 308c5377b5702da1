import { expect, test } from 'vitest';
import { match } from './validate.js';

test('a method is a name: a wildcard, which would match nothing, is refused', () => {
  const url = '/api/*';
  for (const method of ['POST', ['PUT', 'patch'], 'M-SEARCH'])
    expect(match.allows({ method, url })).toBe(true);
  for (const method of ['*', ['POST', '*'], 'P*', 'GET POST', '', []])
    expect(match.allows({ method, url })).toBe(false);
});
