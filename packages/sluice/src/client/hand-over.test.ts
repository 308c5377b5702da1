import { expect, test } from 'vitest';
import type { Captured, Taken, Unreadable } from '../core/messages.js';
import { handOver } from './hand-over.js';

const COUNT = 300;

const order = (i: number) =>
  new Request(`https://app.test/orders/${i}`, { method: 'POST', body: 'an order' });
const orders = () => Array.from({ length: COUNT }, (_, i) => order(i));

/** Takes what comes: an answer names the request that it is of. */
const answer = (one: Captured | Unreadable): Taken => {
  const said = 'unreadable' in one ? one.unreadable : new URL(one.request.url).pathname;
  return { kind: 'refused', refusal: { status: 503, code: 'no-answer', title: '', detail: said } };
};

const said = (taken: Taken) => (taken.kind === 'refused' ? taken.refusal.detail : taken.kind);

test('the first of a long list are handed over before the others are read, and each has its own answer', async () => {
  const requests = orders();
  const parts: number[] = [];
  const taken = await handOver(requests, async (part) => {
    const read = requests.filter(({ bodyUsed }) => bodyUsed).length;
    if (parts.push(part.length) === 1) expect(read).toBe(part.length);
    return part.map(answer);
  });
  expect(parts).toEqual([256, COUNT - 256]);
  expect(taken.map(said)).toEqual(requests.map(({ url }) => new URL(url).pathname));
});

test('a request whose body was read before keeps its place, and the others are handed over', async () => {
  const requests = orders().slice(0, 3);
  await requests[1]?.text();
  const taken = await handOver(requests, async (part) => part.map(answer));
  expect(taken.map(said)).toEqual([
    '/orders/0',
    expect.stringMatching(/^TypeError: .*(used|read)/i),
    '/orders/2',
  ]);
});

test('whoever takes them and fails at the first part rejects once, and is not asked for nothing', async () => {
  const asked: number[] = [];
  const gone = handOver(orders(), (part) => {
    asked.push(part.length);
    return Promise.reject(new Error('the worker is gone'));
  });
  await expect(gone).rejects.toThrow('the worker is gone');
  expect(await handOver([], async () => [{ kind: 'unmatched' }])).toEqual([]);
  expect(asked).toEqual([256, COUNT - 256]);
});
