import { PROTOCOL, SCHEMA } from '../core/messages.js';
import { patched } from '../core/policy-patch.js';
import type { QueuePolicy } from '../core/policy.js';
import { newQueueRow, underPolicy } from '../core/queue-row.js';
import { ownerIn } from './identity.js';
import type { Database } from './rows.js';

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
