import { Book, type Changes, type KeyEntry, type Reads, type Snapshot } from '../core/book.js';
import { GateError } from '../core/errors.js';
import { type KeyId, type KeyRow, type KeyState, textOfId } from '../core/key-row.js';
import type { StoredRequest } from '../core/line-job.js';
import { FRESH_QUEUE, type QueueRow } from '../core/queue-row.js';
import { type SlotNumber, slotKeptUntil } from '../core/schedule.js';
import type { Engine, FoundEntry, HeldKey } from './engine.js';
import { SortedLine } from './sorted-line.js';

/** One process alone, and nothing outlives it. For development, for tests, and where one node is all there is. */
export function memory({ now = monotonicNow }: { now?: () => number } = {}): Engine<undefined> {
  return new Memory(now);
}

/** Epoch ms by a clock that never runs back. */
function monotonicNow(): number {
  return performance.timeOrigin + performance.now();
}

interface Tables {
  queue: QueueRow;
  readonly keys: Map<string, KeyEntry>;
  readonly requests: Map<string, StoredRequest>;
  readonly tickets: Map<string, string>;
  readonly slots: Map<number, SlotNumber>;
  readonly waiting: SortedLine;
  /** Jobs that run. */
  readonly running: Map<string, KeyEntry>;
}

class Memory implements Engine<undefined> {
  readonly isShared = false;
  readonly now: () => number;
  readonly #queues = new Map<string, Tables>();

  constructor(now: () => number) {
    this.now = now;
  }

  async open(): Promise<void> {
    // There is nothing to open.
  }

  async transact<T>(queue: string, reads: Reads, decide: (book: Book) => T): Promise<T> {
    const tables = this.#tablesOf(queue);
    const book = new Book(snapshotOf(tables, reads, this.now()));
    const result = decide(book);
    apply(tables, book.changes());
    return result;
  }

  async once(held: HeldKey | undefined, work: (tx: undefined) => Promise<string>): Promise<string> {
    if (!held) return work(undefined);
    const before = this.#heldRow(held);
    if (before.committed !== undefined) return before.committed;
    const committed = await work(undefined);
    put(this.#tablesOf(held.queue), { ...held, row: { ...this.#heldRow(held), committed } });
    return committed;
  }

  async requestsOf(queue: string, ids: readonly KeyId[]): Promise<(StoredRequest | undefined)[]> {
    return ids.map((id) => this.#tablesOf(queue).requests.get(textOfId(id)));
  }

  async look(tickets: readonly string[]): Promise<(FoundEntry | undefined)[]> {
    return tickets.map((ticket) => {
      for (const [queue, { keys, tickets: ids }] of this.#queues) {
        const entry = keys.get(ids.get(ticket) ?? '');
        if (entry) return { ...entry, queue };
      }
      return undefined;
    });
  }

  async list(queue: string, state: KeyState, limit: number): Promise<KeyEntry[]> {
    const all = [...this.#tablesOf(queue).keys.values()];
    return all.filter(({ row }) => row.state === state).slice(0, limit);
  }

  async counts(queue: string): Promise<Record<KeyState, number>> {
    const counts = { waiting: 0, running: 0, done: 0, unknown: 0, dead: 0 };
    for (const { row } of this.#tablesOf(queue).keys.values()) counts[row.state] += 1;
    return counts;
  }

  async sweep(queue: string, max: number): Promise<number> {
    const tables = this.#tablesOf(queue);
    const now = this.now();
    const keys = [...tables.keys.values()].filter(({ row }) => isOver(row, now)).slice(0, max);
    for (const entry of keys) remove(tables, entry);
    const slots = [...tables.slots.values()].filter((slot) => slotKeptUntil(slot) < now).slice(0, max);
    for (const { serial } of slots) tables.slots.delete(serial);
    return keys.length + slots.length;
  }

  async close(): Promise<void> {
    this.#queues.clear();
  }

  #heldRow({ queue, lease, ...id }: HeldKey): KeyRow {
    const row = this.#tablesOf(queue).keys.get(textOfId(id))?.row;
    if (row?.state === 'running' && row.lease === lease) return row;
    throw new GateError('lease-lost', 'another request holds the key by now', { value: id.key });
  }

  #tablesOf(queue: string): Tables {
    const known = this.#queues.get(queue);
    if (known) return known;
    const maps = {
      keys: new Map(),
      requests: new Map(),
      tickets: new Map(),
      slots: new Map(),
      running: new Map(),
    };
    const tables = { queue: FRESH_QUEUE, ...maps, waiting: new SortedLine() };
    this.#queues.set(queue, tables);
    return tables;
  }
}

function snapshotOf(tables: Tables, reads: Reads, now: number): Snapshot {
  const textOfTicket = (ticket: string): string => tables.tickets.get(ticket) ?? '';
  const texts = [...reads.keys.map(textOfId), ...reads.tickets.map(textOfTicket)];
  const expired = [...tables.running.values()].filter(({ row }) => row.leaseUntil <= now);
  return {
    queue: tables.queue,
    now,
    entries: texts.flatMap((text) => tables.keys.get(text) ?? []),
    usedSlots: reads.slots.filter((serial) => tables.slots.has(serial)),
    waiting: reads.claims > 0 ? tables.waiting.due(now, reads.claims) : [],
    expired: expired.slice(0, reads.claims),
  };
}

function apply(tables: Tables, { queue, put: changed, removed, usedSlots, requests }: Changes): void {
  if (queue) tables.queue = queue;
  for (const { request, ...id } of requests) tables.requests.set(textOfId(id), request);
  for (const entry of changed) put(tables, entry);
  for (const id of removed) remove(tables, id);
  for (const slot of usedSlots) tables.slots.set(slot.serial, slot);
}

function put(tables: Tables, { identity, key, row }: KeyEntry): void {
  const text = textOfId({ identity, key });
  const entry = { identity, key, row };
  const before = tables.keys.get(text);
  if (before?.row.state === 'waiting') tables.waiting.remove(before);
  tables.running.delete(text);
  tables.keys.set(text, entry);
  if (row.state === 'done') tables.requests.delete(text);
  if (!row.job) return;
  tables.tickets.set(row.job.ticket, text);
  if (row.state === 'waiting') tables.waiting.add(entry);
  if (row.state === 'running') tables.running.set(text, entry);
}

function remove(tables: Tables, id: KeyId): void {
  const text = textOfId(id);
  const entry = tables.keys.get(text);
  if (!entry) return;
  if (entry.row.state === 'waiting') tables.waiting.remove(entry);
  if (entry.row.job) tables.tickets.delete(entry.row.job.ticket);
  for (const table of [tables.keys, tables.requests, tables.running]) table.delete(text);
}

/** A job is kept until it has ended, however long it takes, and so is a key while its request holds it. */
function isOver({ state, job, keepUntil, leaseUntil }: KeyRow, now: number): boolean {
  if (state === 'waiting' || (state === 'running' && job)) return false;
  return keepUntil < now && (state !== 'running' || leaseUntil < now);
}
