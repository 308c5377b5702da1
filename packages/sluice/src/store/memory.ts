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

type Row = Record<string, unknown>;
type Rows = Map<string, Row>;

/** The twin of the IndexedDB database, in memory: same keys, same order, same atomicity. For tests, ours and those of apps. */
export function openMemory(): Database {
  const tables = new Map<Table, Rows>(Object.keys(KEY_PATHS).map((table) => [table as Table, new Map()]));
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run: (plan, work) => {
      // One transaction at a time, as overlapping readwrite transactions are ordered in IndexedDB.
      const result = tail.then(() => transact(tables, plan, work));
      tail = result.catch(() => undefined);
      return result;
    },
    close: () => undefined,
  };
}

async function transact<T>(tables: Map<Table, Rows>, plan: Plan, work: (tx: Tx) => Promise<T>): Promise<T> {
  const copies = new Map(plan.tables.map((table) => [table, new Map(tables.get(table))]));
  const result = await work(createTx(copies, plan));
  for (const [table, rows] of copies) tables.set(table, rows);
  return result;
}

function createTx(tables: Map<Table, Rows>, { mode }: Plan): Tx {
  const rowsOf = (table: Table): Rows => {
    const rows = tables.get(table);
    if (!rows) throw new Error(`table ${table} is not in the plan of this transaction`);
    return rows;
  };
  const writable = (table: Table): Rows => {
    if (mode === 'readonly') throw new Error(`table ${table} is read-only in this transaction`);
    return rowsOf(table);
  };
  return {
    get: async <T extends Table>(table: T, key: Tables[T]['key']) =>
      structuredClone(rowsOf(table).get(JSON.stringify(key))) as Tables[T]['row'] | undefined,
    all: async <T extends Table>(table: T, range: Range) =>
      structuredClone(select(table, rowsOf(table), range)) as unknown as Tables[T]['row'][],
    last: async <T extends Table>(table: T, range: Range) =>
      structuredClone(select(table, rowsOf(table), range)).at(-1) as unknown as Tables[T]['row'] | undefined,
    put: (table, row) => {
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
