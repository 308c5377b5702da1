import type { SluiceEvent } from '../core/events.js';
import type { Claim } from '../core/ports.js';
import { giveBack, isLeaseOf, leasedJobs } from './leases.js';
import type { Ledger } from './ledger.js';
import { type Database, EVERYTHING, type Plan } from './rows.js';

const WRITE: Plan = {
  tables: ['jobs', 'bodies', 'queues', 'results', 'twins', 'flows'],
  mode: 'readwrite',
  durability: 'relaxed',
};

/** Extends a lease, unless it was lost or recalled. What is gone, with all that was stored, is recalled. */
export function renew(
  database: Database,
  { job, leaseId }: Claim,
  until: number,
): Promise<'held' | 'lost' | 'recalled'> {
  return database.run({ ...WRITE, tables: ['jobs'] }, async (tx) => {
    const current = await tx.get('jobs', [job.queue, job.seq]);
    if (current?.ticket !== job.ticket) return 'recalled';
    if (current.state.kind !== 'leased' || current.state.leaseId !== leaseId) return 'lost';
    if (current.state.recall !== undefined) return 'recalled';
    tx.put('jobs', { ...current, state: { ...current.state, at: Math.round(until) } });
    return 'held';
  });
}

/** An engine said that it leaves: its leases end now, and nothing is held against the jobs. */
export function releaseLeases(database: Database, engine: string, now: number): Promise<SluiceEvent[]> {
  return database.run(WRITE, async (tx) => {
    const events: SluiceEvent[] = [];
    for (const row of await tx.all('queues', EVERYTHING)) {
      const ledger: Ledger = { tx, row, now, events: [] };
      for (const job of await leasedJobs(ledger)) {
        if (job.state.kind !== 'leased' || !isLeaseOf(job.state.leaseId, engine)) continue;
        await giveBack(ledger, job);
      }
      events.push(...ledger.events, { type: 'nudged', queue: row.name });
      tx.put('queues', row);
    }
    return events;
  });
}
