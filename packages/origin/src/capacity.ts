/**
 * A service that begins one request per slot, slots lying `1000 / ratePerSecond` ms apart, and a line of those that wait
 * for one. Values only: time comes in as an argument (epoch ms), the next capacity goes out.
 */
export interface Capacity {
  readonly ratePerSecond: number;
  /** The slot used last. */
  readonly lastSlotAt: number;
  readonly waiting: number;
}

/** Whether a request is served at once, waits for its slot, or finds the line full. */
type Admission = 'serve' | 'wait' | 'refuse';

/** A service that has never served. */
export function idle(ratePerSecond: number): Capacity {
  return { ratePerSecond, lastSlotAt: Number.NEGATIVE_INFINITY, waiting: 0 };
}

/** The instant from which on the next request may be served. */
export function nextSlotAt({ ratePerSecond, lastSlotAt }: Capacity): number {
  return lastSlotAt + 1000 / ratePerSecond;
}

/** One request more. Call `serveDue` first: whoever waits has the older right to a slot. */
export function admit(
  capacity: Capacity,
  { now, queueLimit }: { now: number; queueLimit: number },
): { admission: Admission; capacity: Capacity } {
  if (capacity.waiting === 0 && nextSlotAt(capacity) <= now) {
    return { admission: 'serve', capacity: { ...capacity, lastSlotAt: now } };
  }
  if (capacity.waiting >= queueLimit) return { admission: 'refuse', capacity };
  return { admission: 'wait', capacity: { ...capacity, waiting: capacity.waiting + 1 } };
}

/**
 * Gives the slots that lie behind `now` to those that wait. Each slot follows the one before it, not the instant of the
 * call, so a late timer costs no throughput.
 */
export function serveDue(capacity: Capacity, now: number): { served: number; capacity: Capacity } {
  let after = capacity;
  while (after.waiting > 0 && nextSlotAt(after) <= now) {
    after = { ...after, lastSlotAt: nextSlotAt(after), waiting: after.waiting - 1 };
  }
  return { served: capacity.waiting - after.waiting, capacity: after };
}

/** Another rate from `now` on. The time waited so far earns one slot at most, however much higher the new rate is. */
export function repace(capacity: Capacity, ratePerSecond: number, now: number): Capacity {
  return {
    ...capacity,
    ratePerSecond,
    lastSlotAt: Math.max(capacity.lastSlotAt, now - 1000 / ratePerSecond),
  };
}
