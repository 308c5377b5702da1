import { expect, test } from 'vitest';
import type { RewriteRequest } from '../core/config.js';
import { defineSluice } from '../core/define.js';
import type { Secrets } from '../core/job.js';
import { storedPost } from '../core/job.kit.js';
import { rulesOf } from './rules.js';

const answer = { status: 201, statusText: '', headers: [], bodyOmitted: false, url: '', redirected: false };
const SEALED = { kind: 'sealed', iv: new Uint8Array(), bytes: new ArrayBuffer(0) } as const;

function rewritten(change: ReturnType<RewriteRequest>, secrets: Secrets = { kind: 'none' }) {
  const match = { method: 'POST', url: '/*' };
  const queues = { orders: { match, rewrite: () => change, secretHeaders: ['X-Own'] } };
  const rules = rulesOf(defineSluice({ queues }), 'orders');
  return rules?.rewrite({ request: { ...storedPost(), secrets }, body: undefined }, answer).request;
}

test('a rewrite may change the path of what has sealed headers, and not its origin', () => {
  const secrets = { ...SEALED, scope: 'origin' } as const;
  expect(rewritten({ url: '/api/orders/7' }, secrets)).toMatchObject({
    url: 'https://example.test/api/orders/7',
  });
  expect(() => rewritten({ url: 'https://evil.test/' }, secrets)).toThrow('sealed');
  expect(() => rewritten({ url: '/api/orders/7' }, SEALED)).toThrow('sealed');
  expect(rewritten({ url: 'https://other.test/' })).toMatchObject({ url: 'https://other.test/' });
});

test.each(['Authorization', 'x-csrf-token', 'X-Own'])(
  'a rewrite puts no %s in clear into storage',
  (name) => {
    expect(() => rewritten({ headers: [[name, 'canary']] })).toThrow(name);
  },
);

test('a rewrite that makes no request is refused, and is not stored', () => {
  expect(() => rewritten({ url: 'https://user:canary@example.test/' })).toThrow('request-unreadable');
});
