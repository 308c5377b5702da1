import type { Database, Plan, Table, Tx } from './rows.js';

/** Work has asked for a table that its transaction was not opened for: the message is its name. */
export class OutOfScope extends Error {}

/** The transactions of one kind. */
export interface Scope {
  run<T>(database: Database, plan: Omit<Plan, 'tables'>, work: (tx: Tx) => Promise<T>): Promise<T>;
}

/**
 * Opens as few tables as its work has needed so far: to Chromium each is a lock, and seven of them where two would do made up a
 * tenth of an enqueue (docs/performance.md). Work that needs another begins anew with it, once in the life of a
 * context; until it has, it must change nothing but rows.
 */
export function createScope(name: string, ...first: Table[]): Scope {
  const tables = new Set(first);
  return {
    run: async (database, plan, work) => {
      for (;;) {
        try {
          return await database.run({ ...plan, name, tables: [...tables] }, work);
        } catch (error) {
          if (!(error instanceof OutOfScope)) throw error;
          tables.add(error.message as Table);
        }
      }
    },
  };
}
