import { deleteBody } from './bodies.js';
import { followAll } from './dependents.js';
import type { SluiceEvent } from '../core/events.js';
import { buryTooOld, type Ledger } from './ledger.js';
import { type Database, type Range } from './rows.js';

/** Rows of a kind that one sweep takes at most: an engine sweeps between turns, and must not hold them up. */
const SWEPT_AT_ONCE = 200;

/**
 * Ends what waited too long, and deletes results, dedupe keys and dead letters whose time is over. Counters stay: they tell
 * how jobs ended, not what is kept. All jobs are looked at, in their order: no index tells which of them expires first.
 *
 * @param after the number of the job with which the sweep before has ended, from 0
 * @returns `after` of the next sweep; undefined: there is nothing left
 */
export function sweep(
  database: Database,
  { queue, after }: { queue: string; after: number },
  now: number,
): Promise<{ after: number | undefined; events: SluiceEvent[] }> {
  const tables = ['jobs', 'bodies', 'queues', 'results', 'flows', 'twins'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    const events: SluiceEvent[] = [];
    const results = await tx.all('results', expiredBy(now));
    for (const result of results) tx.delete('results', [result.queue, result.seq]);
    const twins = await tx.all('twins', expiredBy(now));
    for (const twin of twins) tx.delete('twins', [twin.queue, twin.owner, twin.key]);
    const isMore = isFull(results.length) || isFull(twins.length);
    const next = row && (await sweepJobs({ tx, row, now, events }, after));
    if (row && after === 0 && row.parked > 0) followAll(row);
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

/** Answers after which job to go on; undefined after the last. */
async function sweepJobs(ledger: Ledger, after: number): Promise<number | undefined> {
  const { tx, row, now } = ledger;
  const to = [row.name, Number.POSITIVE_INFINITY];
  const jobs = await tx.all('jobs', { from: [row.name, after], to, after: true, count: SWEPT_AT_ONCE });
  for (const job of jobs) {
    if (job.state.kind !== 'dead' || job.state.at > now - row.policy.deadKeptMs) continue;
    tx.delete('jobs', [job.queue, job.seq]);
    deleteBody(tx, job);
  }
  const waiting = jobs.filter(({ state }) => state.kind !== 'dead' && state.kind !== 'leased');
  const last = await buryTooOld(ledger, waiting);
  return last?.seq ?? (isFull(jobs.length) ? jobs.at(-1)?.seq : undefined);
}
