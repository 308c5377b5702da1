import type { RunRecord } from './record.js';
import type { Scenario } from './scenario.js';

/** What a run comes to. Times are multiples of the ideal, the backlog over the capacity; shares are of 1. */
export interface Summary {
  t95: number;
  t100: number;
  rejected: number;
  /** The busiest second's arrivals over what can be served in one. */
  peak: number;
  /** The share of the capacity that went to accepted jobs, until 95 % were done. */
  goodput: number;
  lost: number;
}

export function summaryOf(record: RunRecord, { capacity, backlog }: Scenario): Summary {
  const idealMs = (backlog / capacity) * 1000;
  const t95Ms = record.ends.whenReached(Math.ceil(0.95 * record.jobs));
  const acceptedBy = record.accepted.between(0, t95Ms);
  return {
    t95: t95Ms / idealMs,
    t100: record.ends.whenReached(record.jobs) / idealMs,
    rejected: record.rejected.total / Math.max(1, record.arrivals.total),
    peak: record.arrivals.peakPerSecond() / capacity,
    goodput: Number.isFinite(t95Ms) ? acceptedBy / ((capacity * t95Ms) / 1000) : 0,
    lost: record.lost / record.jobs,
  };
}
