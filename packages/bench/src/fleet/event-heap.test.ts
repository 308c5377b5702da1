import { expect, test } from 'vitest';
import { EventHeap } from './event-heap.js';
import { randomOf } from './random.js';

test('events come out in order of time, and those of one instant in the order in which they went in', () => {
  const random = randomOf(7);
  const heap = new EventHeap();
  const pushed = Array.from({ length: 5000 }, (_, ref) => ({ at: Math.floor(random() * 500), ref }));
  for (const { at, ref } of pushed) heap.push(at, ref % 3, ref);
  const popped: { at: number; ref: number }[] = [];
  while (heap.pop()) popped.push({ at: heap.at, ref: heap.ref });
  expect(popped).toEqual(pushed.toSorted((a, b) => a.at - b.at || a.ref - b.ref));
});

test('pushes between pops keep the order', () => {
  const heap = new EventHeap();
  heap.push(5, 1, 50);
  heap.push(1, 2, 10);
  expect(heap.pop()).toBe(true);
  heap.push(3, 0, 30);
  expect(heap.pop() && heap.ref).toBe(30);
  expect(heap.pop() && heap.kind).toBe(1);
  expect(heap.pop()).toBe(false);
});
