import { deleteBody } from './bodies.js';
import type { SluiceEvent } from '../core/events.js';
import type { Owner } from '../core/identity.js';
import { WAITING_KINDS } from '../core/job.js';
import { buryTooOld, type Ledger } from './ledger.js';
import { type Database, jobsOf, type Range, type Share } from './rows.js';

/** Rows of a kind that one sweep takes at most: an engine sweeps between turns, and must not hold them up. */
const SWEPT_AT_ONCE = 200;

/** Users that one sweep looks after at most: a device that many share may keep jobs of thousands. */
const OWNERS_AT_ONCE = 50;

/**
 * Ends what waited too long, and deletes results, dedupe keys and dead letters whose time is over. Counters stay: they tell
 * how jobs ended, not what is kept.
 *
 * @param after the owner with whom the sweep before has ended, from 0
 * @returns `after` of the next sweep; undefined: there is nothing left
 */
export function sweep(
  database: Database,
  { queue, after }: { queue: string; after: Owner },
  now: number,
): Promise<{ after: Owner | undefined; events: SluiceEvent[] }> {
  const tables = ['jobs', 'bodies', 'queues', 'results', 'flows', 'twins'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    const events: SluiceEvent[] = [];
    const results = await tx.all('results', expiredBy(now));
    for (const result of results) tx.delete('results', [result.queue, result.seq]);
    const twins = await tx.all('twins', expiredBy(now));
    for (const twin of twins) tx.delete('twins', [twin.queue, twin.owner, twin.key]);
    const isMore = isFull(results.length) || isFull(twins.length);
    const next = row && (await sweepOwners({ tx, row, now, events }, after));
    if (row) tx.put('queues', row);
    return { after: next ?? (isMore ? after : undefined), events };
  });
}

function isFull(count: number): boolean {
  return count >= SWEPT_AT_ONCE;
}

function expiredBy(now: number): Range {
  return { index: 'byExpiry', from: [0], to: [now], count: SWEPT_AT_ONCE };
}

/** Answers after whom to go on; undefined after the last. */
async function sweepOwners(ledger: Ledger, after: Owner): Promise<Owner | undefined> {
  let last = after;
  for (let i = 0; i < OWNERS_AT_ONCE; i++) {
    const owner = await nextOwner(ledger, last);
    if (owner === undefined) return undefined;
    const share = { name: ledger.row.name, owner };
    if (isFull(await sweepDead(ledger, share)) || isFull(await buryExpired(ledger, share))) return last;
    last = owner;
  }
  return last;
}

/** The next one of whom there are jobs, however many there are of whom there are none. */
async function nextOwner({ tx, row: { name } }: Ledger, after: Owner): Promise<Owner | undefined> {
  const to = [name, Number.POSITIVE_INFINITY];
  const [job] = await tx.all('jobs', { index: 'byState', from: [name, after, '\uffff'], to, count: 1 });
  return job?.owner;
}

async function sweepDead({ tx, row, now }: Ledger, share: Share): Promise<number> {
  const range = jobsOf(share, 'dead', now - row.policy.deadKeptMs);
  const dead = await tx.all('jobs', { ...range, count: SWEPT_AT_ONCE });
  for (const job of dead) {
    tx.delete('jobs', [job.queue, job.seq]);
    deleteBody(tx, job);
  }
  return dead.length;
}

/** An engine ends what it claims too late; of a user who is away, or of a paused queue, nothing is ever claimed. */
async function buryExpired(ledger: Ledger, share: Share): Promise<number> {
  let count = 0;
  for (const kind of WAITING_KINDS) {
    const jobs = await ledger.tx.all('jobs', { ...jobsOf(share, kind), count: SWEPT_AT_ONCE });
    count += await buryTooOld(ledger, jobs);
  }
  return count;
}
