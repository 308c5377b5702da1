import { patched } from '../core/policy-patch.js';
import { PROTOCOL, SCHEMA } from '../core/messages.js';
import { newQueueRow, underPolicy } from '../core/queue-row.js';
import type { QueuePolicy } from '../core/policy.js';
import { ownerIn } from './identity.js';
import { type Database, type MetaRow, type Plan, type Tables } from './rows.js';

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

/**
 * Writes the policies of a config. Policy has one owner, the active service worker: it overwrites; a worker writes only
 * where there is none.
 */
export function writePolicies(
  database: Database,
  policies: Record<string, QueuePolicy>,
  { overwrite }: { overwrite: boolean },
): Promise<void> {
  return database.run({ tables: ['meta', 'queues'], mode: 'readwrite', durability: 'strict' }, async (tx) => {
    for (const [name, policy] of Object.entries(policies)) {
      const row = await tx.get('queues', name);
      if (!row) tx.put('queues', newQueueRow(name, policy, await ownerIn(tx)));
      else if (overwrite) tx.put('queues', { ...underPolicy(row, patched(policy, row.patch)), base: policy });
    }
    if (overwrite) tx.put('meta', { key: 'versions', protocol: PROTOCOL, schema: SCHEMA });
  });
}
