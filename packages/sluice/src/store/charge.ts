import type { Settlement } from '../core/attempt.js';
import { shareOf } from '../core/flow.js';
import type { Job } from '../core/job.js';
import { boundingSend, charge, nextSendAt, refund } from '../core/pace.js';
import type { Ledger } from './ledger.js';

/** Sends that stay on record at least, for charts and tests, however small the limit. */
const SENDS_KEPT = 1000;

/** The first instant, `leadMs` from now on, that the pace allows for the next send. */
export async function nextInstant({ tx, row, now }: Ledger, leadMs: number): Promise<number> {
  const { pace, policy, flow } = row;
  const bound = boundingSend(pace, policy.rate);
  const boundAt = bound === undefined ? undefined : (await tx.get('sends', [row.name, bound]))?.at;
  const earliest = policy.rate ? now + leadMs : now;
  return nextSendAt(pace, policy.rate, { boundAt, share: shareOf(flow), now: earliest });
}

/** Charges the pace: one row in, one row out, whatever the limit. Answers the number of the send. */
export function chargeSend(
  { tx, row }: Ledger,
  job: Job,
  { at, leaseId }: { at: number; leaseId: string },
): number {
  const { pace, policy, flow } = row;
  const { n } = pace;
  const attempt = job.attempts + 1;
  tx.put('sends', { queue: row.name, n, at, idempotencyKey: job.idempotencyKey, attempt, leaseId });
  tx.delete('sends', [row.name, n - Math.max(policy.rate?.limit ?? 0, SENDS_KEPT)]);
  row.pace = charge(pace, policy.rate, { at, share: shareOf(flow) });
  row.counts.sends += 1;
  return n;
}

/** Takes back the charges of sends that never left, from the last one on, as far as nothing was charged after them. */
export async function refundUnsent({ tx, row }: Ledger, ended: readonly Settlement[]): Promise<void> {
  const unsent = ended.filter(({ end }) => end.kind === 'unsent').toSorted((a, b) => b.n - a.n);
  for (const { n, leaseId } of unsent) {
    const isLast = n === row.pace.n - 1 && n >= row.pace.since;
    if (!isLast || (await tx.get('sends', [row.name, n]))?.leaseId !== leaseId) continue;
    tx.delete('sends', [row.name, n]);
    row.pace = refund(row.pace, row.policy.rate, shareOf(row.flow));
    row.counts.sends -= 1;
  }
}
