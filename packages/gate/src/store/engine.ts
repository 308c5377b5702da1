import type { Book, KeyEntry, Reads } from '../core/book.js';
import type { KeyId, KeyState } from '../core/key-row.js';
import type { StoredRequest } from '../core/line-job.js';

/**
 * Where a gate keeps its keys, its schedule and its line. An engine reads and writes; all decisions are functions of `core`, the
 * same ones on each engine.
 *
 * @typeParam Tx what `once` hands to its caller: the transaction in which its effect commits together with its key
 */
export interface Engine<Tx = unknown> {
  /** Whether several processes may use it at once. */
  readonly isShared: boolean;
  /** @throws GateError `store-unfit` where it would lose what it has confirmed, `store-unreachable` */
  open(queues: readonly string[]): Promise<void>;
  /** Reading of the store's clock (epoch ms), never ahead of it. */
  now(): number;
  /**
   * One transaction under the lock of the queue. It is durable once this resolves.
   *
   * @param decide is called once, and must not wait
   * @throws GateError `store-unreachable`: whether it was committed is not known then
   */
  transact<T>(queue: string, reads: Reads, decide: (book: Book) => T): Promise<T>;
  /**
   * Runs `work` in a transaction of its own, and commits its result, as JSON, with the key. An earlier result is returned in its place.
   *
   * @param held undefined: the request has no key, and its result is not kept
   * @throws GateError `lease-lost`, with everything rolled back; and what `work` throws
   */
  once(held: HeldKey | undefined, work: (tx: Tx) => Promise<string>): Promise<string>;
  requestsOf(queue: string, ids: readonly KeyId[]): Promise<(StoredRequest | undefined)[]>;
  look(tickets: readonly string[]): Promise<(FoundEntry | undefined)[]>;
  list(queue: string, state: KeyState, limit: number): Promise<KeyEntry[]>;
  counts(queue: string): Promise<Record<KeyState, number>>;
  /** Removes what is kept no longer. Returns how many rows that were: `max` of a kind at most. */
  sweep(queue: string, max: number): Promise<number>;
  close(): Promise<void>;
}

/** A key that a request holds. */
export interface HeldKey extends KeyId {
  readonly queue: string;
  readonly lease: string;
}

export type FoundEntry = KeyEntry & { readonly queue: string };
