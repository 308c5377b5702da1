import {
  type Database,
  KEY_PATHS,
  type KeyPart,
  type Plan,
  type Range,
  type Table,
  type Tables,
  type Tx,
} from './rows.js';
import { OutOfScope } from './scope.js';

type Row = Record<string, unknown>;
type Rows = Map<string, Row>;
/** A transaction replaces the rows of a table, and never changes them in place. */
export type Contents = Map<Table, Rows>;

export interface MemoryDatabase extends Database {
  /** What is committed now. */
  snapshot(): Contents;
  restore(snapshot: Contents): void;
}

/** The twin of the IndexedDB database, in memory: same keys, same order, same atomicity. For tests, ours and those of apps. */
export function openMemory(): MemoryDatabase {
  const tables: Contents = new Map(Object.keys(KEY_PATHS).map((table) => [table as Table, new Map()]));
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run: (plan, work) => {
      // One transaction at a time, as overlapping readwrite transactions are ordered in IndexedDB.
      const result = tail.then(() => transact(tables, plan, work));
      tail = result.catch(() => undefined);
      return result;
    },
    close: () => undefined,
    abandon: () => undefined,
    rotateLog: () => undefined,
    snapshot: () => new Map(tables),
    restore: (snapshot) => {
      for (const [table, rows] of snapshot) tables.set(table, rows);
    },
  };
}

async function transact<T>(tables: Contents, plan: Plan, work: (tx: Tx) => Promise<T>): Promise<T> {
  const copies = new Map(plan.tables.map((table) => [table, new Map(tables.get(table))]));
  const result = await work(createTx(copies, plan));
  for (const [table, rows] of copies) tables.set(table, rows);
  return result;
}

function createTx(tables: Contents, { mode }: Plan): Tx {
  const rowsOf = (table: Table): Rows => {
    const rows = tables.get(table);
    if (!rows) throw new OutOfScope(table);
    return rows;
  };
  const writable = (table: Table): Rows => {
    if (mode === 'readonly') throw new Error(`table ${table} is read-only in this transaction`);
    return rowsOf(table);
  };
  return {
    get: async <T extends Table>(table: T, key: Tables[T]['key']) =>
      copyOf(rowsOf(table).get(JSON.stringify(key))) as Tables[T]['row'] | undefined,
    all: async <T extends Table>(table: T, range: Range) =>
      copyOf(select(table, rowsOf(table), range)) as unknown as Tables[T]['row'][],
    last: async <T extends Table>(table: T, range: Range) =>
      copyOf(select(table, rowsOf(table), range).at(-1)) as unknown as Tables[T]['row'] | undefined,
    put: (table, row) => {
      // As IndexedDB does, which refuses what cannot be cloned.
      const stored = structuredClone(row) as unknown as Row;
      writable(table).set(JSON.stringify(keyOf(stored, KEY_PATHS[table].key)), stored);
    },
    delete: (table, key) => {
      writable(table).delete(JSON.stringify(key));
    },
    deleteAll: (table, range) => {
      const { key } = KEY_PATHS[table];
      for (const row of select(table, writable(table), range))
        writable(table).delete(JSON.stringify(keyOf(row, key)));
    },
  };
}

/** What was cloned when it was put is plain data: this is quicker, and shares the bytes of bodies. */
function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => copyOf(item)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)])) as T;
}

function select(table: Table, rows: Rows, { index, from, to, after = false, count }: Range): Row[] {
  const paths = KEY_PATHS[table];
  const path = index === undefined ? paths.key : paths.indexes[index];
  if (!path) throw new Error(`table ${table} has no index ${index}`);
  return [...rows.values()]
    .map((row) => ({ row, key: [keyOf(row, path)].flat() as KeyPart[] }))
    .filter(({ key }) => key.every((part) => part !== undefined))
    .filter(({ key }) => compare(key, from) >= (after ? 1 : 0) && compare(key, to) <= 0)
    .sort((a, b) => compare(a.key, b.key))
    .slice(0, count)
    .map(({ row }) => row);
}

function keyOf(row: Row, path: string | string[]): unknown {
  if (Array.isArray(path)) return path.map((part) => keyOf(row, part));
  return path.split('.').reduce<unknown>((value, name) => (value as Row | undefined)?.[name], row);
}

/** The order of IndexedDB keys (3.0, section 2.4): numbers before strings, a prefix before what it begins. */
function compare(a: readonly KeyPart[], b: readonly KeyPart[]): number {
  for (const [i, part] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (typeof part !== typeof other) return typeof part === 'number' ? -1 : 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}
