import { type KeyId, type KeyRow, textOfId } from './key-row.js';
import type { StoredRequest } from './line-job.js';
import type { QueueRow } from './queue-row.js';
import type { Rate } from './rate.js';
import { readClock, type SlotNumber } from './schedule.js';

/** What a transaction has to read before anything is decided. */
export interface Reads {
  readonly keys: readonly KeyId[];
  /** Serials of numbers: whether they were used. */
  readonly slots: readonly number[];
  readonly tickets: readonly string[];
  /** How many jobs of the line may be claimed: so many are read. 0: none. */
  readonly claims: number;
}

export const READS_NOTHING: Reads = { keys: [], slots: [], tickets: [], claims: 0 };

/** A row with its id. */
export type KeyEntry = KeyId & { readonly row: KeyRow };

/** What a transaction has read. */
export interface Snapshot {
  readonly queue: QueueRow;
  /** Reading of the store's clock, taken under the lock of the queue. */
  readonly now: number;
  readonly entries: readonly KeyEntry[];
  readonly usedSlots: readonly number[];
  /** Waiting jobs that may leave, in their order. */
  readonly waiting: readonly KeyEntry[];
  /** Jobs that run under a lease that is over. */
  readonly expired: readonly KeyEntry[];
}

/** What a transaction has to write. */
export interface Changes {
  /** Undefined: it is as it was. */
  readonly queue: QueueRow | undefined;
  readonly put: readonly KeyEntry[];
  readonly removed: readonly KeyId[];
  readonly usedSlots: readonly SlotNumber[];
  /** Of jobs that are new in the line. */
  readonly requests: readonly (KeyId & { readonly request: StoredRequest })[];
}

/** The working copy of a transaction: decisions read and write it, one after the other. Nothing in it waits. */
export class Book {
  readonly now: number;
  readonly waiting: readonly KeyEntry[];
  readonly expired: readonly KeyEntry[];
  queue: QueueRow;
  readonly #queueBefore: QueueRow;
  readonly #entries = new Map<string, KeyEntry>();
  readonly #idByTicket = new Map<string, KeyId>();
  readonly #changed = new Map<string, KeyId>();
  readonly #usedSerials: Set<number>;
  readonly #usedSlots: SlotNumber[] = [];
  readonly #requests: (KeyId & { request: StoredRequest })[] = [];

  constructor({ queue, now, entries, usedSlots, waiting, expired }: Snapshot) {
    this.queue = queue;
    this.#queueBefore = queue;
    this.now = now;
    this.waiting = waiting;
    this.expired = expired;
    this.#usedSerials = new Set(usedSlots);
    for (const entry of [...entries, ...waiting, ...expired]) this.#keep(entry);
  }

  /** Brings the schedule to the instant of this transaction. */
  readClock(rate: Rate | null): void {
    // Without a rate there is no schedule, and the row of the queue stays as it is.
    if (!rate) return;
    this.queue = { ...this.queue, schedule: readClock(this.queue.schedule, this.now, rate) };
  }

  key(id: KeyId): KeyRow | undefined {
    return this.#entries.get(textOfId(id))?.row;
  }

  byTicket(ticket: string): KeyEntry | undefined {
    const id = this.#idByTicket.get(ticket);
    return id && this.#entries.get(textOfId(id));
  }

  put(id: KeyId, row: KeyRow): void {
    this.#changed.set(textOfId(id), id);
    this.#keep({ ...id, row });
  }

  remove(id: KeyId): void {
    this.#changed.set(textOfId(id), id);
    this.#entries.delete(textOfId(id));
  }

  storeRequest({ identity, key }: KeyId, request: StoredRequest): void {
    this.#requests.push({ identity, key, request });
  }

  isSlotUsed({ serial }: SlotNumber): boolean {
    return this.#usedSerials.has(serial);
  }

  useSlot(slot: SlotNumber): void {
    this.#usedSerials.add(slot.serial);
    this.#usedSlots.push(slot);
  }

  changes(): Changes {
    const put = [...this.#changed.keys()].flatMap((text) => this.#entries.get(text) ?? []);
    const removed = [...this.#changed].filter(([text]) => !this.#entries.has(text)).map(([, id]) => id);
    const queue = this.queue === this.#queueBefore ? undefined : this.queue;
    return { queue, put, removed, usedSlots: this.#usedSlots, requests: this.#requests };
  }

  #keep({ identity, key, row }: KeyEntry): void {
    const id = { identity, key };
    this.#entries.set(textOfId(id), { ...id, row });
    if (row.job) this.#idByTicket.set(row.job.ticket, id);
  }
}
