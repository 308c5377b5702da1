import type { SluiceEvent } from '../core/events.js';
import { type PassId, withoutPass } from '../core/pass.js';
import type { PassEnd } from '../core/ports.js';
import { type QueueRow, waitingOf } from '../core/queue-row.js';
import { flowAfterPass, type Instant } from '../core/settle.js';
import { openingOf } from '../core/turn.js';
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
    // An engine waits for the place, or whoever signs in for the end: without them nobody need be told.
    if (waitingOf(row) > 0 || pass.owner !== row.owner) ledger.events.push({ type: 'passed', queue });
    return ledger.events;
  });
}

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
