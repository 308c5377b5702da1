import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import type { Match } from '../core/match.js';
import { type Route, staticRoutes } from './static-routes.js';

const BASE = 'https://app.test/nested/sluice.js';
const PAGE = { condition: { requestMode: 'navigate', requestMethod: 'GET' }, source: 'network' };
const routesOf = (...matches: Match[]) =>
  staticRoutes(
    defineSluice({ queues: Object.fromEntries(matches.map((match, i) => [`q${i}`, { match }])) }),
    BASE,
  );

test('all that no rule names goes to the network, and the rules and the status of jobs come to us', () => {
  const [page, rest] = routesOf({ method: ['post', 'PUT'], url: '/api/*' }, [
    { method: 'POST', url: 'https://other.test/x' },
    { method: 'POST', url: 'bare' },
  ]);
  expect(page).toEqual(PAGE);
  const { not } = (rest as Route).condition as {
    not: { or: { urlPattern: URLPattern; requestMethod?: string }[] };
  };
  const comes = (method: string, url: string) =>
    not.or.some(({ urlPattern, requestMethod = method }) => requestMethod === method && urlPattern.test(url));
  expect(comes('POST', 'https://app.test/api/a')).toBe(true);
  expect(comes('PUT', 'https://app.test/api/a')).toBe(true);
  expect(comes('POST', 'https://other.test/x')).toBe(true);
  expect(comes('POST', 'https://app.test/bare')).toBe(true);
  expect(comes('GET', 'https://app.test/sluice-jobs/orders.1.n')).toBe(true);
  expect(comes('GET', 'https://app.test/api/a')).toBe(false);
  expect(comes('POST', 'https://app.test/other')).toBe(false);
});

test('where a function decides, pages alone go to the network', () => {
  expect(routesOf({ method: 'POST', url: '/api/*' }, () => true)).toEqual([PAGE]);
});
