import type { Database, MetaRow, Plan, Tables } from './rows.js';

const READ: Plan = { tables: ['meta'], mode: 'readonly', durability: 'relaxed' };
const WRITE: Plan = { tables: ['meta'], mode: 'readwrite', durability: 'relaxed' };

type MetaOf<K extends MetaRow['key']> = Extract<MetaRow, { key: K }>;

export function readMeta<K extends MetaRow['key']>(
  database: Database,
  key: K,
): Promise<MetaOf<K> | undefined> {
  return database.run(READ, (tx) => tx.get('meta', key) as Promise<MetaOf<K> | undefined>);
}

export function writeMeta(database: Database, row: Tables['meta']['row']): Promise<void> {
  return database.run(WRITE, async (tx) => tx.put('meta', row));
}

/** The row that stands there, or else `candidate`, stored: two contexts that both make one end up with the same. */
export function readOrCreateMeta<K extends MetaRow['key']>(
  database: Database,
  candidate: MetaOf<K>,
): Promise<MetaOf<K>> {
  return database.run({ ...WRITE, durability: 'strict' }, async (tx) => {
    const standing = (await tx.get('meta', candidate.key)) as MetaOf<K> | undefined;
    if (!standing) tx.put('meta', candidate);
    return standing ?? candidate;
  });
}
