import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { storedPost } from '../core/job.kit.js';
import { draftOf } from './draft.js';

const match = { method: 'POST', url: '/api/orders' };
const functions = { orderingKey: () => 'by the queue', priority: () => 3 };
const [queue] = defineSluice({ queues: { orders: { match, ...functions } } }).queues;

test('a ticket cannot be guessed', async () => {
  if (!queue) throw new Error('no queue');
  const sealingKey = () => Promise.reject(new Error('nothing is sealed'));
  const context = { queue, asked: {}, owner: 1, capturedAt: 0, sealingKey };
  const captured = { request: { ...storedPost(), mode: 'cors' as const } };
  const drafts = await Promise.all(Array.from({ length: 1000 }, () => draftOf(captured, context)));
  const nonces = drafts.map(({ nonce }) => nonce);
  for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{8}$/);
  expect(new Set(nonces).size).toBeGreaterThan(998);
  // Each digit has all of its values: none is a counter, a clock or a constant.
  for (let i = 0; i < 8; i++) expect(new Set(nonces.map((nonce) => nonce[i])).size).toBe(16);
});

test('what is asked for by name goes before what the functions of the queue say, and what is undefined is not asked for', async () => {
  if (!queue) throw new Error('no queue');
  const sealingKey = () => Promise.reject(new Error('nothing is sealed'));
  const asked = { orderingKey: undefined, priority: 1 } as unknown as { priority: number };
  const context = { queue, asked, owner: 1, capturedAt: 0, sealingKey };
  const { options } = await draftOf({ request: { ...storedPost(), mode: 'cors' } }, context);
  expect(options).toEqual({ orderingKey: 'by the queue', priority: 1 });
});
