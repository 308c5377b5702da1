import { type PassId, withoutPass } from '../core/pass.js';
import type { QueueRow } from '../core/queue-row.js';
import { openingOf } from '../core/turn.js';
import type { Database } from './rows.js';

/** Whether a send that was charged may begin, right before it does: its user may have left, or the queue have closed. */
export function mayPass(database: Database, { queue, id }: PassId, now: number): Promise<boolean> {
  return database.run({ tables: ['queues'], mode: 'readonly', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    const pass = row?.passes?.find((one) => one.id === id);
    return row !== undefined && pass?.owner === row.owner && openingOf(row, now).kind !== 'closed';
  });
}

/** When the last pass ends that is not of whoever is signed in; 0 where there is none. */
export function foreignPassUntil(row: QueueRow, now: number): number {
  const foreign = withoutPass(row, now).filter(({ owner }) => owner !== row.owner);
  return Math.max(0, ...foreign.map(({ until }) => until));
}
