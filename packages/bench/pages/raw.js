/** A database of one table with keys of its own: nothing of it is anybody's library. */
export function openRaw(name) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.addEventListener('upgradeneeded', () => {
      opening.result.createObjectStore('rows', { autoIncrement: true });
    });
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () => reject(opening.error));
  });
}
export async function read(request) {
  const { url, method, headers } = request;
  return { url, method, headers: [...headers], body: await request.arrayBuffer() };
}
/** One strict transaction for all. */
export function putAll(db, rows) {
  return new Promise((resolve, reject) => {
    const tx = db.transaction('rows', 'readwrite', { durability: 'strict' });
    for (const row of rows) tx.objectStore('rows').put(row);
    tx.addEventListener('complete', () => resolve());
    tx.addEventListener('abort', () => reject(tx.error));
    tx.commit();
  });
}
