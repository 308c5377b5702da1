import type { SluiceEvent } from '../core/events.js';
import { type PassId, withoutPass } from '../core/pass.js';
import type { PassEnd } from '../core/ports.js';
import { waitingOf } from '../core/queue-row.js';
import { flowAfterPass, type Instant } from '../core/settle.js';
import type { Ledger } from './ledger.js';
import type { Database } from './rows.js';
import { tellOfFlow } from './settle.js';

/** Gives back the place of a send that is no job's, and has its queue learn of its end, if neither was done before. */
export function endPass(
  database: Database,
  { queue, id }: PassId,
  { ended, ...instant }: Instant & { ended: PassEnd },
): Promise<SluiceEvent[]> {
  const { now } = instant;
  return database.run({ tables: ['queues'], mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    const pass = row?.passes?.find((one) => one.id === id);
    if (!row || !pass) return [];
    const ledger: Ledger = { tx, row, now, events: [] };
    const flow = flowAfterPass(row, ended, instant);
    tellOfFlow(ledger, flow);
    row.flow = flow;
    row.passes = withoutPass(row, now, id);
    tx.put('queues', row);
    // Only an engine with jobs that wait, and a user who signs in, wait for this end.
    if (waitingOf(row) > 0 || pass.owner !== row.owner) ledger.events.push({ type: 'passed', queue });
    return ledger.events;
  });
}
