import type { Job } from '../core/job.js';
import type { Oldest } from '../core/metrics.js';
import { depthOf } from '../core/queue-row.js';
import type { Ledger } from './ledger.js';

/** Rows that one look takes: dead letters may stand in front of the oldest live job. */
const LOOKED_AT = 20;

/**
 * Finds the oldest job that has not ended, where it is not known. Each row is passed once on the way forward, so that it
 * costs the same at any depth.
 */
export async function findOldest({ tx, row }: Ledger): Promise<void> {
  const { oldest } = row.metrics;
  if (oldest.kind === 'known' || depthOf(row) === 0) return;
  const range = { from: [row.name, oldest.seq], to: [row.name, Number.POSITIVE_INFINITY], count: LOOKED_AT };
  const jobs = await tx.all('jobs', range);
  const live = jobs.find(({ owner, state }) => owner === row.owner && state.kind !== 'dead');
  const from = (jobs.at(-1)?.seq ?? oldest.seq - 1) + 1;
  row.metrics = {
    ...row.metrics,
    oldest: live ? { kind: 'known', seq: live.seq, at: live.enqueuedAt } : { kind: 'from', seq: from },
  };
}

/** A job that lives again may be older than the oldest. */
export function olderOf(oldest: Oldest, { seq, enqueuedAt }: Job): Oldest {
  return seq < oldest.seq ? { kind: 'known', seq, at: enqueuedAt } : oldest;
}
