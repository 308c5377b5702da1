import { deleteBody } from './bodies.js';
import type { SluiceEvent } from '../core/events.js';
import { WAITING_KINDS } from '../core/job.js';
import type { QueueRow } from '../core/queue-row.js';
import { buryTooOld, type Ledger } from './ledger.js';
import { type Database, jobsOf, type Range, type Share, type Tx } from './rows.js';

/** Rows that one sweep takes at most: an engine sweeps between turns, and must not hold them up. */
const SWEPT_AT_ONCE = 200;

/**
 * Ends what waited too long, and deletes results, dedupe keys and dead letters whose time is over. Counters stay: they tell
 * how jobs ended, not what is kept.
 */
export function sweep(
  database: Database,
  queue: string,
  now: number,
): Promise<{ isDone: boolean; events: SluiceEvent[] }> {
  const tables = ['jobs', 'bodies', 'queues', 'results', 'flows', 'twins', 'owners'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    const ledger: Ledger | undefined = row && { tx, row, now, events: [] };
    const swept = [
      await sweepResults(tx, now),
      await sweepTwins(tx, now),
      ledger ? await sweepDead(ledger) : 0,
      ledger ? await buryExpired(ledger) : 0,
    ];
    if (row) tx.put('queues', row);
    return { isDone: swept.every((count) => count < SWEPT_AT_ONCE), events: ledger?.events ?? [] };
  });
}

function expiredBy(now: number): Range {
  return { index: 'byExpiry', from: [0], to: [now], count: SWEPT_AT_ONCE };
}

async function sweepResults(tx: Tx, now: number): Promise<number> {
  const expired = await tx.all('results', expiredBy(now));
  for (const { queue, seq } of expired) tx.delete('results', [queue, seq]);
  return expired.length;
}

async function sweepTwins(tx: Tx, now: number): Promise<number> {
  const forgotten = await tx.all('twins', expiredBy(now));
  for (const { queue, owner, key } of forgotten) tx.delete('twins', [queue, owner, key]);
  return forgotten.length;
}

async function sweepDead({ tx, row, now }: Ledger): Promise<number> {
  let count = 0;
  for (const { owner } of await tx.all('owners', EVERY_OWNER)) {
    const range = jobsOf({ name: row.name, owner }, 'dead', now - row.policy.deadKeptMs);
    const dead = await tx.all('jobs', { ...range, count: SWEPT_AT_ONCE });
    for (const job of dead) {
      tx.delete('jobs', [job.queue, job.seq]);
      deleteBody(tx, job);
    }
    count += dead.length;
  }
  return count;
}

const EVERY_OWNER: Range = { from: [0], to: [Number.POSITIVE_INFINITY] };

/** An engine ends what it claims too late; of a user who is away, or of a paused queue, nothing is ever claimed. */
async function buryExpired(ledger: Ledger): Promise<number> {
  let count = 0;
  for (const share of sharesOf(ledger.row)) {
    for (const kind of WAITING_KINDS) {
      const jobs = await ledger.tx.all('jobs', { ...jobsOf(share, kind), count: SWEPT_AT_ONCE });
      count += await buryTooOld(ledger, jobs);
    }
  }
  return count;
}

function sharesOf({ name, live }: QueueRow): Share[] {
  return Object.keys(live).map((owner) => ({ name, owner: Number(owner) }));
}
