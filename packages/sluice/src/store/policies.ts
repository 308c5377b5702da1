import { PROTOCOL, SCHEMA } from '../core/messages.js';
import { patched } from '../core/policy-patch.js';
import type { QueuePolicy } from '../core/policy.js';
import { newQueueRow, underPolicy } from '../core/queue-row.js';
import { ownerIn } from './identity.js';
import type { Database } from './rows.js';

const VERSIONS = { key: 'versions', protocol: PROTOCOL, schema: SCHEMA } as const;

/**
 * Writes the policies of a config. Policy has one owner, the active service worker: it overwrites; a worker writes only
 * where there is none.
 */
export function writePolicies(
  database: Database,
  policies: Record<string, QueuePolicy>,
  { overwrite }: { overwrite: boolean },
): Promise<void> {
  const tables = ['meta', 'owners', 'queues'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'strict' }, async (tx) => {
    for (const [name, policy] of Object.entries(policies)) {
      const row = await tx.get('queues', name);
      if (!row) tx.put('queues', newQueueRow(name, policy, await ownerIn(tx)));
      else if (overwrite) tx.put('queues', { ...underPolicy(row, patched(policy, row.patch)), base: policy });
    }
    if (overwrite) tx.put('meta', VERSIONS);
  });
}

/** Whether the rules of a config are those that were written last. */
export function arePolicies(database: Database, policies: Record<string, QueuePolicy>): Promise<boolean> {
  return database.run({ tables: ['meta', 'queues'], mode: 'readonly', durability: 'relaxed' }, async (tx) => {
    const versions = await tx.get('meta', 'versions');
    if (JSON.stringify(versions) !== JSON.stringify(VERSIONS)) return false;
    for (const [name, policy] of Object.entries(policies)) {
      const row = await tx.get('queues', name);
      if (JSON.stringify(row?.base) !== JSON.stringify(policy)) return false;
    }
    return true;
  });
}
