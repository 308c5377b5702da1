import { openDatabase } from './raw.js';

/** The least that a queue on disk is made of: jobs by their place, in an index by state, and what came of them. */
export function openJobs(name: string): Promise<IDBDatabase> {
  return openDatabase(name, (db) => {
    db.createObjectStore('jobs', { keyPath: 'seq' }).createIndex('byState', ['state', 'seq']);
    db.createObjectStore('results', { keyPath: 'seq' });
  });
}
