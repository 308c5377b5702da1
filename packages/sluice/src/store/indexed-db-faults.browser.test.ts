import { beforeEach, expect, test } from 'vitest';
import { openIndexedDb } from './indexed-db.js';
import type { Database, MetaRow, Plan } from './rows.js';

const WRITE: Plan = { tables: ['meta'], mode: 'readwrite', durability: 'relaxed' };
const ROW: MetaRow = { key: 'database', born: 'here' };

let name: string;

beforeEach(() => {
  name = `faults-${crypto.randomUUID()}`;
});

const write = (database: Database): Promise<void> => database.run(WRITE, async (tx) => tx.put('meta', ROW));
const read = (database: Database): Promise<unknown> =>
  database.run(WRITE, (tx) => tx.get('meta', 'database'));

/** A connection past our code, to do what other contexts do. */
const rawOpen = (version?: number): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, version);
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () => reject(opening.error ?? new Error('it did not open')));
  });

const rawDelete = (): Promise<void> =>
  new Promise((resolve) => {
    indexedDB.deleteDatabase(name).addEventListener('success', () => resolve());
  });

test('gives way to whoever wants to delete or upgrade, and opens again at the next use', async () => {
  let created = 0;
  const database = openIndexedDb(name, { created: () => created++ });
  await write(database);
  await rawDelete();
  expect(await read(database)).toBeUndefined();
  await write(database);
  expect(await read(database)).toEqual(ROW);
  expect(created).toBe(2);
});

test('reopens once when its handle was closed under it', async () => {
  const database = openIndexedDb(name);
  await write(database);
  const { transaction } = IDBDatabase.prototype;
  let failures = 1;
  IDBDatabase.prototype.transaction = function (...args) {
    if (failures-- > 0) throw new DOMException('the connection is closing', 'InvalidStateError');
    return transaction.apply(this, args);
  };
  try {
    expect(await read(database)).toEqual(ROW);
    failures = 2;
    await expect(read(database)).rejects.toMatchObject({ code: 'storage-failed' });
  } finally {
    IDBDatabase.prototype.transaction = transaction;
  }
  expect(await read(database)).toEqual(ROW);
});

test('a database that does not open in time is told by code, and opens once it can', async () => {
  await write(openIndexedDb(name));
  const stubborn = await rawOpen();
  const deleted = rawDelete();
  const database = openIndexedDb(name);
  await expect(read(database)).rejects.toMatchObject({ code: 'storage-blocked' });
  stubborn.close();
  await deleted;
  await write(database);
  expect(await read(database)).toEqual(ROW);
});

test('never touches the database of a newer version', async () => {
  (await rawOpen(7)).close();
  await expect(write(openIndexedDb(name))).rejects.toMatchObject({ code: 'storage-newer' });
  const newer = await rawOpen();
  expect(newer.version).toBe(7);
  newer.close();
});

test('a transaction that the platform aborts keeps nothing, and says so', async () => {
  const database = openIndexedDb(name);
  await write(database);
  const unclonable = { key: 'database', born: () => undefined } as unknown as MetaRow;
  await expect(
    database.run(WRITE, async (tx) => {
      tx.put('meta', { key: 'leader', engine: 'e', at: 1 });
      tx.put('meta', unclonable);
    }),
  ).rejects.toMatchObject({ code: 'storage-failed' });
  expect(await database.run(WRITE, (tx) => tx.get('meta', 'leader'))).toBeUndefined();
});

test('two that create the same row at once end up with the same one', async () => {
  const { readOrCreateMeta } = await import('./meta.js');
  const [first, second] = await Promise.all(
    ['a', 'b'].map((born) => readOrCreateMeta<'database'>(openIndexedDb(name), { key: 'database', born })),
  );
  expect(first).toEqual(second);
});
