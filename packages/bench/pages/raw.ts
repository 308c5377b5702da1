import type { Stored } from '../src/peers.js';

/** A database with what `make` makes in it: nothing of it is anybody's library. */
export function openDatabase(name: string, make: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.addEventListener('upgradeneeded', () => make(opening.result));
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () => reject(opening.error));
  });
}

/** One table with keys of its own. */
export function openRaw(name: string): Promise<IDBDatabase> {
  return openDatabase(name, (db) => void db.createObjectStore('rows', { autoIncrement: true }));
}

export async function read(request: Request): Promise<Stored> {
  const { url, method, headers } = request;
  return { url, method, headers: [...headers], body: await request.arrayBuffer() };
}

/** One strict transaction for all. */
export function putAll(db: IDBDatabase, rows: readonly Stored[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction('rows', 'readwrite', { durability: 'strict' });
    for (const row of rows) tx.objectStore('rows').put(row);
    tx.addEventListener('complete', () => resolve());
    tx.addEventListener('abort', () => reject(tx.error));
    tx.commit();
  });
}
