import { Book, type Changes, type KeyEntry, type Reads, type Snapshot } from '../core/book.js';
import { GateError } from '../core/errors.js';
import type { KeyId, KeyState } from '../core/key-row.js';
import type { StoredRequest } from '../core/line-job.js';
import { slotKeptUntil } from '../core/schedule.js';
import type { Engine, FoundEntry, HeldKey } from './engine.js';
import {
  entryOf,
  type KeyRecord,
  queueOf,
  type QueueRecord,
  type RequestRecord,
  requestOf,
  requestText,
  rowValues,
} from './key-columns.js';
import { KEY_COLUMNS } from './postgres-schema.js';
import { SQLITE_SCHEMA } from './sqlite-schema.js';

/** What is used of a database of `better-sqlite3`, `libsql` or `node:sqlite`. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  run(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  get(...values: unknown[]): unknown;
}

/**
 * SQLite, for the processes of one machine. Give the gate a connection of its own, but for `once`: what else runs on it while its work is
 * under way belongs to its transaction, and its work must not wait for another request.
 */
export function sqlite<Database extends SqliteDatabase>(database: Database): Engine<Database> {
  return new Sqlite(database);
}

const NAMES = KEY_COLUMNS.map(([name]) => name).join(', ');
const VALUES = KEY_COLUMNS.map(() => '?').join(', ');
const UPDATES = KEY_COLUMNS.slice(3)
  .map(([name]) => `${name} = excluded.${name}`)
  .join(', ');

/** The request of a job is of no use once that is done. */
const UPSERT = `INSERT INTO sluice_keys (${NAMES}) VALUES (${VALUES})
  ON CONFLICT (queue, identity, key) DO UPDATE SET ${UPDATES},
  request = CASE WHEN excluded.state = 'done' THEN NULL ELSE request END,
  request_body = CASE WHEN excluded.state = 'done' THEN NULL ELSE request_body END`;

const UPDATE_QUEUE = `UPDATE sluice_queues SET tat = ?, numbers_from = ?, numbers = ?, read_at = ?, is_paused = ?, patch = ?,
  jobs = ?, bytes = ?, accepted = ? WHERE name = ?`;

const BY_ID = 'queue = ? AND identity = ? AND key = ?';

class Sqlite<Database extends SqliteDatabase> implements Engine<Database> {
  readonly isShared = true;
  readonly #database: Database;
  readonly #statements = new Map<string, SqliteStatement>();
  /** Transactions of one connection take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(database: Database) {
    this.#database = database;
  }

  async open(queues: readonly string[]): Promise<void> {
    // NORMAL would lose the last commits with the power (https://www.sqlite.org/pragma.html#pragma_synchronous).
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;');
    this.#database.exec(SQLITE_SCHEMA);
    for (const name of queues) this.#run('INSERT OR IGNORE INTO sluice_queues (name) VALUES (?)', name);
  }

  now(): number {
    return Date.now();
  }

  transact<T>(queue: string, reads: Reads, decide: (book: Book) => T): Promise<T> {
    return this.#inTurn(async () => {
      this.#begin();
      const book = new Book(this.#read(queue, reads));
      const result = decide(book);
      this.#write(queue, book.changes());
      return result;
    });
  }

  once(held: HeldKey | undefined, work: (tx: Database) => Promise<string>): Promise<string> {
    return this.#inTurn(async () => {
      this.#begin();
      if (!held) return work(this.#database);
      const values = [held.queue, held.identity, held.key, held.lease];
      const isHeld = `WHERE ${BY_ID} AND lease = ? AND state = 'running'`;
      const before = this.#get<{ committed: string | null }>(
        `SELECT committed FROM sluice_keys ${isHeld}`,
        values,
      );
      // The transaction keeps all others from the key meanwhile.
      if (!before)
        throw new GateError('lease-lost', 'another request holds the key by now', { value: held.key });
      if (before.committed !== null) return before.committed;
      const committed = await work(this.#database);
      this.#run(`UPDATE sluice_keys SET committed = ? ${isHeld}`, committed, ...values);
      return committed;
    });
  }

  async requestsOf(queue: string, ids: readonly KeyId[]): Promise<(StoredRequest | undefined)[]> {
    const text = `SELECT identity, key, request, request_body FROM sluice_keys WHERE ${BY_ID}`;
    return ids.map(({ identity, key }) => {
      const record = this.#get<RequestRecord>(text, [queue, identity, key]);
      return record && requestOf({ ...record, request_body: bytesOf(record.request_body) });
    });
  }

  async look(tickets: readonly string[]): Promise<(FoundEntry | undefined)[]> {
    return tickets.map((ticket) => {
      const [record] = this.#all<KeyRecord>(`SELECT ${NAMES} FROM sluice_keys WHERE ticket = ?`, [ticket]);
      return record && foundOf(record);
    });
  }

  async list(queue: string, state: KeyState, limit: number): Promise<KeyEntry[]> {
    return this.#select('queue = ? AND state = ? ORDER BY keep_until LIMIT ?', [queue, state, limit]);
  }

  async counts(queue: string): Promise<Record<KeyState, number>> {
    const text = 'SELECT state, count(*) AS count FROM sluice_keys WHERE queue = ? GROUP BY state';
    const records = this.#all<{ state: KeyState; count: number }>(text, [queue]);
    const found = Object.fromEntries(records.map(({ state, count }) => [state, count]));
    return { waiting: 0, running: 0, done: 0, unknown: 0, dead: 0, ...found };
  }

  sweep(queue: string, max: number): Promise<number> {
    return this.#inTurn(async () => {
      this.#begin();
      const now = this.now();
      const keys = this.#all(
        `DELETE FROM sluice_keys WHERE rowid IN (SELECT rowid FROM sluice_keys WHERE queue = ? AND keep_until < ?
         AND (state IN ('done', 'unknown', 'dead') OR (state = 'running' AND ticket IS NULL AND lease_until < ?))
         LIMIT ?) RETURNING 1`,
        [queue, now, now, max],
      );
      const slots = this.#all(
        `DELETE FROM sluice_slots WHERE rowid IN
         (SELECT rowid FROM sluice_slots WHERE queue = ? AND kept_until < ? LIMIT ?) RETURNING 1`,
        [queue, now, max],
      );
      return keys.length + slots.length;
    });
  }

  /** The database is its owner's. */
  async close(): Promise<void> {}

  #read(queue: string, { keys, slots, tickets, claims }: Reads): Snapshot {
    const now = this.now();
    const record = this.#get<QueueRecord>('SELECT * FROM sluice_queues WHERE name = ?', [queue]);
    if (!record) throw new Error(`sluice_queues has no row of ${queue}`);
    const isUsed = (serial: number): boolean =>
      this.#get('SELECT 1 FROM sluice_slots WHERE queue = ? AND serial = ?', [queue, serial]) !== undefined;
    const isWaiting = `queue = ? AND state = 'waiting' AND not_before <= ? ORDER BY at, key LIMIT ?`;
    const isExpired = `queue = ? AND state = 'running' AND ticket IS NOT NULL AND lease_until <= ? LIMIT ?`;
    return {
      queue: queueOf(record),
      now,
      entries: [
        ...keys.flatMap(({ identity, key }) => this.#select(BY_ID, [queue, identity, key])),
        ...tickets.flatMap((ticket) => this.#select('queue = ? AND ticket = ?', [queue, ticket])),
      ],
      usedSlots: slots.filter(isUsed),
      waiting: claims > 0 ? this.#select(isWaiting, [queue, now, claims]) : [],
      expired: claims > 0 ? this.#select(isExpired, [queue, now, claims]) : [],
    };
  }

  #write(queue: string, { queue: row, put, removed, usedSlots, requests }: Changes): void {
    for (const entry of put) this.#run(UPSERT, ...rowValues(queue, entry));
    for (const { identity, key, request } of requests) {
      const text = `UPDATE sluice_keys SET request = ?, request_body = ? WHERE ${BY_ID}`;
      this.#run(text, requestText(request), request.body, queue, identity, key);
    }
    for (const { identity, key } of removed)
      this.#run(`DELETE FROM sluice_keys WHERE ${BY_ID}`, queue, identity, key);
    for (const slot of usedSlots)
      this.#run(
        'INSERT OR IGNORE INTO sluice_slots VALUES (?, ?, ?)',
        queue,
        slot.serial,
        slotKeptUntil(slot),
      );
    if (!row) return;
    const { schedule, isPaused, patch, jobs, bytes, accepted } = row;
    const { tat, numbersFrom, numbers, readAt } = schedule;
    const state = [isPaused ? 1 : 0, JSON.stringify(patch), jobs, bytes, accepted];
    this.#run(UPDATE_QUEUE, tat, numbersFrom, numbers, readAt, ...state, queue);
  }

  #begin(): void {
    this.#database.exec('BEGIN IMMEDIATE');
  }

  /** Commits what `work` does, or none of it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#turn.then(async () => {
      try {
        const result = await work();
        this.#database.exec('COMMIT');
        return result;
      } catch (cause) {
        this.#rollBack();
        throw cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE')
          ? new GateError('store-unreachable', `SQLite: ${cause.message}`, { cause })
          : cause;
      }
    });
    this.#turn = running.catch(() => undefined);
    return running;
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // It has not begun, or SQLite has rolled it back already.
    }
  }

  #select(where: string, values: readonly unknown[]): KeyEntry[] {
    return this.#all<KeyRecord>(`SELECT ${NAMES} FROM sluice_keys WHERE ${where}`, values).map(foundOf);
  }

  #all<Row>(text: string, values: readonly unknown[]): Row[] {
    return this.#statement(text).all(...values) as Row[];
  }

  #get<Row>(text: string, values: readonly unknown[]): Row | undefined {
    return (this.#statement(text).get(...values) ?? undefined) as Row | undefined;
  }

  #run(text: string, ...values: unknown[]): void {
    this.#statement(text).run(...values);
  }

  #statement(text: string): SqliteStatement {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

function foundOf(record: KeyRecord): FoundEntry {
  return entryOf({ ...record, answer_body: bytesOf(record.answer_body) });
}

/** Drivers return a Buffer, a Uint8Array or an ArrayBuffer. */
function bytesOf(value: Uint8Array | ArrayBuffer | null): Uint8Array | null {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}
