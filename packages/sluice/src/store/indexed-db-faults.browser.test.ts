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

test('has one transaction at a time, in the order of the calls, also after one that fails', async () => {
  const database = openIndexedDb(name);
  const { transaction } = IDBDatabase.prototype;
  let underWay = 0;
  let most = 0;
  IDBDatabase.prototype.transaction = function (...args) {
    most = Math.max(most, ++underWay);
    const begun = transaction.apply(this, args);
    for (const end of ['complete', 'abort']) begun.addEventListener(end, () => (underWay -= 1));
    return begun;
  };
  const ended: number[] = [];
  try {
    const runs = [0, 1, 2, 3].map((n) =>
      database
        .run({ ...WRITE, mode: n % 2 ? 'readonly' : 'readwrite' }, async (tx) => {
          await tx.get('meta', 'database');
          if (n === 1) throw new Error('of the work');
        })
        .finally(() => ended.push(n)),
    );
    await expect(runs[1]).rejects.toThrow('of the work');
    await Promise.allSettled(runs);
  } finally {
    IDBDatabase.prototype.transaction = transaction;
  }
  expect(ended).toEqual([0, 1, 2, 3]);
  expect(most).toBe(1);
});

test('a database that is abandoned runs nothing of what has waited, and opens again at the next use', async () => {
  const database = openIndexedDb(name);
  await write(database);
  let isUnderWay = (): void => undefined;
  const begun = new Promise<void>((resolve) => (isUnderWay = resolve));
  const endless = database.run(WRITE, async (tx) => {
    isUnderWay();
    for (;;) await tx.get('meta', 'database');
  });
  const waiting = database.run(WRITE, async (tx) => tx.delete('meta', 'database'));
  await begun;
  database.abandon();
  await expect(endless).rejects.toMatchObject({ code: 'storage-failed' });
  await expect(waiting).rejects.toMatchObject({ code: 'storage-failed' });
  expect(await read(database)).toEqual(ROW);
});
