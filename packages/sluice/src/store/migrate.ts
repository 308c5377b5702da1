import type { IDBPDatabase, IDBPTransaction } from 'idb';
import { KEY_PATHS, type MetaRow, type OwnerRow, type Table } from './rows.js';

/** Nobody's, in all databases of earlier versions. */
const FIRST_OWNER = 1;

type Upgrade = IDBPTransaction<unknown, string[], 'versionchange'>;
type Row = Record<string, unknown>;

/** Brings the tables of any earlier version to this one, in the upgrade's own transaction: all of it, or nothing. */
export async function migrate(db: IDBPDatabase, transaction: Upgrade, from: number): Promise<void> {
  if (from < 1) for (const table of Object.keys(KEY_PATHS)) createTable(db, table as Table);
  else if (from < 2) await giveOwners(db, transaction);
}

function createTable(db: IDBPDatabase, table: Table): void {
  const { key, indexes } = KEY_PATHS[table];
  const store = db.createObjectStore(table, { keyPath: key });
  for (const [index, path] of Object.entries(indexes)) store.createIndex(index, path);
}

/** From 1 to 2: whatever was stored was nobody's, since there were no users. */
async function giveOwners(db: IDBPDatabase, transaction: Upgrade): Promise<void> {
  createTable(db, 'owners');
  await reindex(transaction, 'jobs', (job) => ({
    ...job,
    owner: FIRST_OWNER,
    state: withRecall(job['state'] as Row),
  }));
  await reindex(transaction, 'results', (result) => ({ ...result, owner: FIRST_OWNER }));
  await reindex(transaction, 'queues', withShares);
  await rekey(db, transaction, 'flows');
  await rekey(db, transaction, 'twins');
  await moveSecrets(transaction);
}

function withRecall({ cancelled, ...state }: Row): Row {
  return cancelled === true ? { ...state, recall: 'user' } : state;
}

function withShares(row: Row): Row {
  const { waiting, leased } = row['counts'] as { waiting: number; leased: number };
  const depth = waiting + leased;
  return { ...row, owner: FIRST_OWNER, live: depth > 0 ? { [FIRST_OWNER]: depth } : {} };
}

/** Rewrites the rows one at a time, however many there are, and makes the indexes anew. */
async function reindex(transaction: Upgrade, table: Table, change: (row: Row) => Row): Promise<void> {
  const store = transaction.objectStore(table);
  for (const index of store.indexNames) store.deleteIndex(index);
  for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue())
    await cursor.update(change(cursor.value as Row));
  for (const [index, path] of Object.entries(KEY_PATHS[table].indexes)) store.createIndex(index, path);
}

/** The key of a row has its owner in it now. */
async function rekey(db: IDBPDatabase, transaction: Upgrade, table: Table): Promise<void> {
  const rows = (await transaction.objectStore(table).getAll()) as Row[];
  db.deleteObjectStore(table);
  createTable(db, table);
  for (const row of rows) await transaction.objectStore(table).put({ ...row, owner: FIRST_OWNER });
}

async function moveSecrets(transaction: Upgrade): Promise<void> {
  const meta = transaction.objectStore('meta');
  const key = (await meta.get('sealing-key')) as { cryptoKey: CryptoKey } | undefined;
  const context = (await meta.get('context')) as { sealed: NonNullable<OwnerRow['context']> } | undefined;
  await transaction.objectStore('owners').put({
    owner: FIRST_OWNER,
    user: '',
    ...(key ? { cryptoKey: key.cryptoKey } : {}),
    ...(context ? { context: context.sealed } : {}),
  } satisfies OwnerRow);
  await meta.delete('sealing-key');
  await meta.delete('context');
  await meta.put({ key: 'identity', owner: FIRST_OWNER, next: FIRST_OWNER + 1 } satisfies MetaRow);
}
