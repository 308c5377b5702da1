/** The least that a queue on disk is made of: jobs by their place, in an index by state, and what came of them. */
export function openJobs(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.addEventListener('upgradeneeded', () => {
      opening.result.createObjectStore('jobs', { keyPath: 'seq' }).createIndex('byState', ['state', 'seq']);
      opening.result.createObjectStore('results', { keyPath: 'seq' });
    });
    opening.addEventListener('success', () => resolve(opening.result));
    opening.addEventListener('error', () => reject(opening.error));
  });
}
