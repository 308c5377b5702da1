import type { FirstTry, Job } from '../core/job.js';
import { withoutPass } from '../core/pass.js';
import { noteReached } from '../core/reached.js';
import { settle } from '../core/settle.js';
import { bury, type Ledger, move } from './ledger.js';
import { spend } from './settle.js';

/** What came of the try that a job was stored after: as if it had been claimed and settled. */
export async function settleFirstTry(
  ledger: Ledger,
  job: Job,
  { chance, pass, ...ended }: FirstTry,
): Promise<void> {
  const { row, now } = ledger;
  const settlement = { seq: job.seq, ticket: job.ticket, leaseId: 'first-try', n: 0, ...ended };
  noteReached(row, ended.end);
  const settled = settle(row, job, settlement, { now, chance });
  row.passes = withoutPass(row, now, pass.id);
  const tried = spend(ledger, job, settled);
  const { next } = settled;
  if (next.kind === 'dead') await bury(ledger, tried, { reason: next.reason, detail: next.detail });
  else if (next.kind === 'delayed' && job.state.kind === 'ready')
    move(ledger, tried, { kind: 'delayed', at: Math.round(next.at) });
  else move(ledger, tried, job.state);
}
