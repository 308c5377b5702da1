import type { Settlement } from '../core/attempt.js';
import { shareOf } from '../core/flow.js';
import type { Job } from '../core/job.js';
import { boundingSend, charge, nextSendAt, refund, unitsOf } from '../core/pace.js';
import type { Ledger } from './ledger.js';
import type { SendRow, Tx } from './rows.js';

/** Sends that stay on record at least, for charts and tests, however small the limit. */
const SENDS_KEPT = 1000;

/** The first instant, `leadMs` from now on, that the pace allows for a send of this cost. */
export async function nextInstant(
  { tx, row, now }: Ledger,
  { cost, leadMs }: { cost: number; leadMs: number },
): Promise<number> {
  const { pace, policy, flow } = row;
  const bound = boundingSend(pace, policy.rate, unitsOf(cost, policy.rate));
  const boundAt = bound === undefined ? undefined : (await sendThatCovers(tx, row.name, bound))?.at;
  const earliest = policy.rate ? now + leadMs : now;
  return nextSendAt(pace, policy.rate, { boundAt, share: shareOf(flow), now: earliest });
}

/** A send of several units has one row, under the number of its last. */
async function sendThatCovers(tx: Tx, queue: string, unit: number): Promise<SendRow | undefined> {
  const [send] = await tx.all('sends', {
    from: [queue, unit],
    to: [queue, Number.POSITIVE_INFINITY],
    count: 1,
  });
  return send;
}

/** Charges the pace: one row in, old ones out, whatever the limit. Answers the number of the send. */
export function chargeSend(
  { tx, row }: Ledger,
  job: Job,
  { at, leaseId }: { at: number; leaseId: string },
): number {
  const { rate } = row.policy;
  const units = unitsOf(job.cost, rate);
  row.pace = charge(row.pace, rate, { at, share: shareOf(row.flow), units });
  const n = row.pace.n - 1;
  const { idempotencyKey, attempts } = job;
  tx.put('sends', { queue: row.name, n, units, at, idempotencyKey, attempt: attempts + 1, leaseId });
  const kept = Math.max(rate?.limit ?? 0, SENDS_KEPT);
  tx.deleteAll('sends', { from: [row.name], to: [row.name, n - kept] });
  row.counts.sends += 1;
  return n;
}

/** Takes back the charges of sends that never left, from the last one on, as far as nothing was charged after them. */
export async function refundUnsent({ tx, row }: Ledger, ended: readonly Settlement[]): Promise<void> {
  const unsent = ended.filter(({ end }) => end.kind === 'unsent').toSorted((a, b) => b.n - a.n);
  for (const { n, leaseId } of unsent) {
    const isLast = n === row.pace.n - 1 && n >= row.pace.since;
    const send = isLast ? await tx.get('sends', [row.name, n]) : undefined;
    if (send?.leaseId !== leaseId) continue;
    tx.delete('sends', [row.name, n]);
    row.pace = refund(row.pace, row.policy.rate, { share: shareOf(row.flow), units: send.units });
    row.counts.sends -= 1;
  }
}
