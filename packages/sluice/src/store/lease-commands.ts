import type { SluiceEvent } from '../core/events.js';
import { type Job, type Leased, parseTicket, type Ticket } from '../core/job.js';
import type { Claim } from '../core/ports.js';
import { isLeaseOf, leasedJobs, leaseIdOf, letGo } from './leases.js';
import { type Ledger, move } from './ledger.js';
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

/** Whether anybody waits for the answer to the send of this job: it is leased, and not recalled. */
export function isUnderWay(database: Database, ticket: Ticket): Promise<boolean> {
  const place = parseTicket(ticket);
  if (!place) return Promise.resolve(false);
  return database.run({ ...WRITE, tables: ['jobs'], mode: 'readonly' }, async (tx) => {
    const job = await tx.get('jobs', [place.queue, place.seq]);
    return job?.ticket === ticket && job.state.kind === 'leased' && job.state.recall === undefined;
  });
}

export interface Leaving {
  /** The engine that leaves: its leases end now, and nothing is held against the jobs. Without it, of all engines none does. */
  engine?: string;
  /** When it left: it has begun no send after that. Default `now`. */
  leftAt?: number;
  now: number;
  /** Jobs whose sends go on all the same, and the engine that waits for their answers. */
  carried?: { tickets: ReadonlySet<Ticket>; by: string };
}

/** Answers the claims of what is carried. */
export function releaseLeases(
  database: Database,
  { engine, now, leftAt = now, carried }: Leaving,
): Promise<{ events: SluiceEvent[]; claims: Claim[] }> {
  return database.run(WRITE, async (tx) => {
    const events: SluiceEvent[] = [];
    const claims: Claim[] = [];
    for (const row of await tx.all('queues', EVERYTHING)) {
      const ledger: Ledger = { tx, row, now, events: [] };
      for (const job of await leasedJobs(ledger)) {
        const { state } = job;
        if (state.kind !== 'leased') continue;
        const isLeft = engine !== undefined && isLeaseOf(state.leaseId, engine);
        if (engine !== undefined && !isLeft) continue;
        const isOver = state.rides || state.carried || state.recall !== undefined;
        if (carried?.tickets.has(job.ticket) && !isOver)
          claims.push(carry(ledger, job, { state, by: carried.by }));
        else if (isLeft) await letGo(ledger, job, { sendAt: state.sendAt ?? leftAt, leftAt });
      }
      events.push(...ledger.events, { type: 'nudged', queue: row.name });
      tx.put('queues', row);
    }
    return { events, claims };
  });
}

/** What it was sent with may have changed since: its answer tells nothing of newer credentials. */
const OLDER_CREDENTIALS = -1;

function carry(ledger: Ledger, job: Job, { state, by }: { state: Leased; by: string }): Claim {
  const { policy, name: queue } = ledger.row;
  const leaseId = leaseIdOf({ engine: by, queue, turn: 0 }, job.seq);
  const leaseUntil = Math.round(ledger.now + policy.leaseMs);
  const carried: Leased = { kind: 'leased', at: leaseUntil, leaseId, rides: false, carried: true };
  move(ledger, job, carried);
  return {
    job: { ...job, state: carried },
    leaseId,
    leaseUntil,
    n: 0,
    sendAt: state.sendAt ?? ledger.now,
    latestAt: Number.POSITIVE_INFINITY,
    policy,
    credentials: OLDER_CREDENTIALS,
    riders: [],
  };
}
