import { type Admission, type Arrival, admit } from './admission.js';
import { Book } from './book.js';
import { FRESH_QUEUE, type QueuePolicy, type QueueRow } from './queue-row.js';
import type { Rate } from './rate.js';
import type { SlotNumber } from './schedule.js';

const POLICY: QueuePolicy = {
  rate: null,
  holdMs: 500,
  leaseMs: 30_000,
  keepKeysMs: 60_000,
  afterCrash: 'unknown',
  line: null,
};

/** The schedule of a queue by itself: no store, no keys, and time is an argument. */
export class OneQueue {
  queue: QueueRow = FRESH_QUEUE;
  readonly #policy: QueuePolicy;
  readonly #used = new Set<number>();

  constructor(rate: Rate, holdMs = 500) {
    this.#policy = { ...POLICY, rate, holdMs };
  }

  arrive(now: number, slot?: SlotNumber): Admission {
    const usedSlots = slot && this.#used.has(slot.serial) ? [slot.serial] : [];
    const book = new Book({ queue: this.queue, now, entries: [], usedSlots, waiting: [], expired: [] });
    const admission = admit(book, { ...ARRIVAL, slot }, this.#policy);
    this.queue = book.queue;
    if (slot && book.isSlotUsed(slot)) this.#used.add(slot.serial);
    return admission;
  }
}

const ARRIVAL: Arrival = {
  identity: '',
  key: undefined,
  fingerprint: '',
  id: '',
  leadMs: 0,
  slot: undefined,
  mayTakeNumber: true,
  request: undefined,
};

/** The most sends within any `perMs`. */
export function mostInAnyWindow(instants: readonly number[], perMs: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, at, n) => {
    while (at - (sorted[from] ?? 0) >= perMs) from += 1;
    return Math.max(most, n - from + 1);
  }, 0);
}
