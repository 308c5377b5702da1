import { type IDBPDatabase, openDB, unwrap } from 'idb';
import { type ErrorCode, SluiceError, sentenceOf } from '../core/errors.js';
import { SCHEMA } from '../core/messages.js';
import { migrate } from './migrate.js';
import { type Database, KEY_PATHS, type Plan, type Range, type Table, type Tables, type Tx } from './rows.js';
import { rotateLog } from './rotate-log.js';
import { OutOfScope } from './scope.js';

/** What can befall a connection. */
export interface DatabaseEvents {
  /** The database did not exist: it is made now. */
  created?: () => void;
  /**
   * The connection is gone: storage was cleared, its process was lost, or another context wants the database for itself. What
   * is met there next may be another one.
   */
  lost?: () => void;
}

/** Another context that will not close holds an upgrade up; WebKit has been seen to never answer an `open` at all. */
const OPEN_DEADLINE_MS = 5000;

/**
 * Opens lazily, drops the handle whenever the platform takes it away, and opens again at the next use.
 *
 * One transaction at a time: WebKit leaves a database unusable, until the browser ends, where a worker ends with two transactions
 * of one connection under way (bugs.webkit.org 324094; docs/discoveries/webkit-loses-a-database-with-two-transactions.md).
 */
export function openIndexedDb(name: string, events: DatabaseEvents = {}): Database {
  let connection: Promise<IDBPDatabase> | undefined;
  const drop = (): void => {
    connection = undefined;
  };
  const connect = (): Promise<IDBPDatabase> => {
    connection ??= open(name, events, drop).catch((error: unknown) => {
      drop();
      throw storageError(error);
    });
    return connection;
  };
  let latest: IDBTransaction | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let life = {};
  const close = (): void => {
    if (connection) closeOnceOpen(connection);
    drop();
  };
  return {
    run: (plan, work) => {
      const own = life;
      const turn = last.then(async () => {
        if (own !== life) throw storageError(new Error('abandoned'));
        latest = await begin(connect, drop, plan);
        return settleTransaction(latest, plan, work);
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    close,
    abandon: () => {
      life = {};
      // A page that is frozen may never hear of the end of its transaction (WebKit).
      last = Promise.resolve();
      if (latest) abort(latest);
      close();
    },
    rotateLog: () => void rotateLog(name).catch(() => undefined),
  };
}

async function open(name: string, events: DatabaseEvents, drop: () => void): Promise<IDBPDatabase> {
  if (!globalThis.indexedDB) {
    throw new SluiceError('storage-absent', 'this context has no IndexedDB. Requests go to the network.');
  }
  const patience = new AbortController();
  const opening = openDB(name, SCHEMA, {
    upgrade: (db, oldVersion, _newVersion, transaction) => {
      // A queue of many thousands takes its time from here on, and nobody stands in its way.
      patience.abort();
      // What was done of a migration that fails must not be committed.
      migrate(db, transaction, oldVersion).catch(() => transaction.abort());
      if (oldVersion === 0) events.created?.();
    },
    // A newer version wants in: let it, and meet its database at the next use.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      drop();
      events.lost?.();
    },
    terminated: () => {
      drop();
      events.lost?.();
    },
  });
  try {
    return await Promise.race([opening, deadline(name, patience.signal)]);
  } catch (error) {
    // A connection that comes too late would block the upgrades of others.
    closeOnceOpen(opening);
    throw error;
  } finally {
    patience.abort();
  }
}

function closeOnceOpen(opening: Promise<IDBPDatabase>): void {
  opening.then(
    (db) => db.close(),
    () => undefined,
  );
}

/** Rejects unless it is called off in time. */
function deadline(name: string, calledOff: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = new SluiceError(
      'storage-blocked',
      `the database '${name}' did not open within ${OPEN_DEADLINE_MS} ms. Close or reload other tabs of this site.`,
    );
    const timer = setTimeout(reject, OPEN_DEADLINE_MS, late);
    calledOff.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** A handle whose connection was lost fails here, before anything was written: open again, once. */
async function begin(
  connect: () => Promise<IDBPDatabase>,
  drop: () => void,
  plan: Plan,
): Promise<IDBTransaction> {
  try {
    return transactionOf(await connect(), plan);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    drop();
    const db = await connect();
    try {
      return transactionOf(db, plan);
    } catch (again) {
      throw storageError(again);
    }
  }
}

function transactionOf(db: IDBPDatabase, { tables, mode, durability }: Plan): IDBTransaction {
  return unwrap(db).transaction(tables, mode, { durability });
}

/** Quota shows only as the abort of the transaction, after its requests have succeeded: wait for `complete`. */
async function settleTransaction<T>(
  transaction: IDBTransaction,
  plan: Plan,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(storageError(transaction.error));
  });
  // Awaited below; without a listener of its own, a failure in `work` would leave this rejection unheard.
  complete.catch(() => undefined);
  let isAsked = false;
  try {
    const result = await work(createTx(transaction, plan));
    transaction.commit();
    isAsked = true;
    await complete;
    return result;
  } catch (error) {
    abort(transaction);
    // Until it has, it is under way.
    await complete.catch(() => undefined);
    if (error instanceof OutOfScope) throw error;
    throw isAsked && storageError(error).code === 'storage-failed' ? unsure(error) : storageError(error);
  }
}

/** The connection may have been lost between the commit and the word of it. */
function unsure(cause: unknown): SluiceError {
  const sentence = `IndexedDB did not say whether it has stored what it was given (${sentenceOf(cause)}).`;
  return new SluiceError('storage-unsure', sentence, { cause });
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already, by itself.
  }
}

function createTx(transaction: IDBTransaction, { tables }: Plan): Tx {
  const storeOf = (table: Table): IDBObjectStore => {
    if (!tables.includes(table)) throw new OutOfScope(table);
    return transaction.objectStore(table);
  };
  const sourceOf = (table: Table, { index }: Range): IDBObjectStore | IDBIndex =>
    index === undefined ? storeOf(table) : storeOf(table).index(index);
  return {
    get: async <T extends Table>(table: T, key: Tables[T]['key']) =>
      answered<Tables[T]['row'] | undefined>(storeOf(table).get(key)),
    all: async <T extends Table>(table: T, range: Range) => {
      // To `getAll` a count of 0 is none (Indexed Database API 3.0, 6.2): every row there is.
      if (range.count === 0) return [];
      const source = sourceOf(table, range);
      return answered<Tables[T]['row'][]>(source.getAll(keyRange(table, range), range.count));
    },
    last: async <T extends Table>(table: T, range: Range) => {
      const source = sourceOf(table, range);
      const cursor = await answered<IDBCursorWithValue | null>(
        source.openCursor(keyRange(table, range), 'prev'),
      );
      return cursor?.value as Tables[T]['row'] | undefined;
    },
    put: (table, row) => {
      storeOf(table).put(row);
    },
    delete: (table, key) => {
      storeOf(table).delete(key);
    },
    deleteAll: (table, range) => {
      storeOf(table).delete(keyRange(table, range));
    },
  };
}

function keyRange(table: Table, { index, from, to, after = false }: Range): IDBKeyRange {
  // A table of one key field has bare keys, and an array sorts after every string.
  const isBare = index === undefined && typeof KEY_PATHS[table].key === 'string';
  return isBare ? IDBKeyRange.bound(from[0], to[0], after, false) : IDBKeyRange.bound(from, to, after, false);
}

function answered<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });
}

const PLATFORM: Record<string, [code: ErrorCode, sentence: string] | undefined> = {
  QuotaExceededError: ['storage-full', 'the quota of this site is used up; nothing was stored.'],
  VersionError: [
    'storage-newer',
    'a newer version of this app has taken over its queue. Reload the page when convenient; nothing is lost.',
  ],
};

/** A platform error as one of ours: what failed, and what it means for the request at hand. */
export function storageError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const [code, sentence] = PLATFORM[(error as { name?: string } | null)?.name ?? ''] ?? [
    'storage-failed',
    `IndexedDB failed (${sentenceOf(error)}); nothing was stored.`,
  ];
  return new SluiceError(code, sentence, { cause: error });
}
