import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit, type Capacity, idle, nextSlotAt, repace, serveDue } from './capacity.js';

const NOW = 1_700_000_000_000;

/** The capacity after `count` requests that came at once. */
function crowd(capacity: Capacity, count: number): Capacity {
  return Array.from({ length: count }).reduce<Capacity>(
    (before) => admit(before, { now: NOW, queueLimit: Number.POSITIVE_INFINITY }).capacity,
    capacity,
  );
}

test('serves a request at once while idle', () => {
  expect(admit(idle(10), { now: NOW, queueLimit: 0 }).admission).toBe('serve');
});

test('lets a request wait while the slot before it lasts', () => {
  const busy = crowd(idle(10), 1);
  expect(admit(busy, { now: NOW + 99, queueLimit: 1 }).admission).toBe('wait');
  expect(admit(busy, { now: NOW + 100, queueLimit: 1 }).admission).toBe('serve');
});

test('refuses a request when the line is full', () => {
  const full = crowd(idle(10), 3);
  expect(full.waiting).toBe(2);
  expect(admit(full, { now: NOW, queueLimit: 2 })).toEqual({ admission: 'refuse', capacity: full });
});

test('serves the line one per slot, each slot after the one before', () => {
  const full = crowd(idle(10), 4);
  expect(serveDue(full, NOW + 99).served).toBe(0);
  expect(serveDue(full, NOW + 100).served).toBe(1);
  expect(nextSlotAt(serveDue(full, NOW + 130).capacity)).toBe(NOW + 200);
});

test('loses no slot to a late timer', () => {
  expect(serveDue(crowd(idle(10), 6), NOW + 350).served).toBe(3);
});

test('never begins two requests closer than the rate allows, whenever they come and however late the timer is', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 20 }),
      gaps,
      (rate, queueLimit, waits) => {
        const slots = slotsOf(rate, queueLimit, waits);
        for (const [index, slot] of slots.entries()) {
          expect(slot - (slots[index - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(1000 / rate - 0.01);
        }
      },
    ),
  );
});

/** The slots used when one request comes after each of the gaps. */
function slotsOf(rate: number, queueLimit: number, gaps: readonly number[]): number[] {
  const slots: number[] = [];
  let capacity = idle(rate);
  let now = NOW;
  for (const gap of gaps) {
    now += gap;
    while (capacity.waiting > 0 && nextSlotAt(capacity) <= now) {
      capacity = serveDue(capacity, nextSlotAt(capacity)).capacity;
      slots.push(capacity.lastSlotAt);
    }
    const admitted = admit(capacity, { now, queueLimit });
    capacity = admitted.capacity;
    if (admitted.admission === 'serve') slots.push(now);
  }
  return slots;
}

test('has no line without a rate limit', () => {
  expect(crowd(idle(Number.POSITIVE_INFINITY), 1000).waiting).toBe(0);
});

test('serves the line at a new rate from the change on', () => {
  const slow = crowd(idle(0.1), 5);
  const fast = repace(slow, 100, NOW + 5000);
  expect(serveDue(fast, NOW + 5000).served).toBe(1);
  expect(serveDue(fast, NOW + 5010).served).toBe(2);
});

test('serves the whole line when the limit is lifted', () => {
  const free = repace(crowd(idle(1), 50), Number.POSITIVE_INFINITY, NOW + 1);
  expect(serveDue(free, NOW + 1).served).toBe(49);
});
