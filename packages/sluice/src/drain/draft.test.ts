import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { storedPost } from '../core/job.kit.js';
import { draftOf } from './draft.js';

const match = { method: 'POST', url: '/api/orders' };
const functions = { orderingKey: () => 'by the queue', priority: () => 3 };
const [queue] = defineSluice({ queues: { orders: { match, ...functions } } }).queues;

test('what is asked for by name goes before what the functions of the queue say, and what is undefined is not asked for', async () => {
  if (!queue) throw new Error('no queue');
  const sealingKey = () => Promise.reject(new Error('nothing is sealed'));
  const asked = { orderingKey: undefined, priority: 1 } as unknown as { priority: number };
  const context = { queue, asked, owner: 1, capturedAt: 0, sealingKey };
  const { options } = await draftOf({ request: { ...storedPost(), mode: 'cors' } }, context);
  expect(options).toEqual({ orderingKey: 'by the queue', priority: 1 });
});
