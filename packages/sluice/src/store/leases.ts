import { type CancelReason, type Job, stateInTurn } from '../core/job.js';
import type { TurnRequest } from '../core/ports.js';
import { earlier } from '../core/turn.js';
import { cancel } from './endings.js';
import { bury, type Ledger, move } from './ledger.js';
import { jobsOf } from './rows.js';

export interface Recovered {
  /** When the next lease of another engine ends. */
  nextAt: number | undefined;
  /** Leases of this engine that it had not heard of: their sends never left. */
  unheard: string[];
}

/**
 * Gives back the jobs whose engine was lost: at their lease's end, or at once when an engine begins alone. So it does those that
 * this engine has claimed and not heard of.
 */
export async function recoverLeases(ledger: Ledger, request: TurnRequest): Promise<Recovered> {
  const { engine, known, held, recover, isAlone } = request;
  const recovered: Recovered = { nextAt: undefined, unheard: [] };
  if (!known && ledger.row.counts.leased <= held) return recovered;
  for (const job of await leasedJobs(ledger)) {
    if (job.state.kind !== 'leased') continue;
    const { leaseId, rides, carried = false } = job.state;
    if (isLeaseOf(leaseId, engine)) {
      if (!known || known.includes(leaseId)) continue;
      if (!rides) recovered.unheard.push(leaseId);
      await returnUnheard(ledger, job);
      continue;
    }
    // The clock may have gone back: no lease outlives what it was given.
    const endsAt = Math.min(job.state.at, ledger.now + ledger.row.policy.leaseMs);
    if ((recover && isAlone && !carried) || endsAt <= ledger.now) await orphan(ledger, job);
    else if (endsAt < job.state.at) move(ledger, job, { ...job.state, at: endsAt });
    if (endsAt > ledger.now) recovered.nextAt = earlier(recovered.nextAt, endsAt);
  }
  return recovered;
}

/** Nothing of it was sent: nothing is held against the job. */
async function returnUnheard(
  ledger: Ledger,
  job: Job,
  detail = 'not sent: its engine had not heard of its claim',
): Promise<void> {
  const recall = recallOf(job);
  if (recall) return cancel(ledger, job, recall);
  move(ledger, job, stateInTurn(job, ledger.now));
  const { queue, ticket } = job;
  ledger.events.push({ type: 'returned', queue, ticket, detail });
}

/** Of an engine that is gone: it has begun no send before its instant, and claims none that lies further ahead. */
const MOST_AHEAD_MS = 2000;

/** Back to its place, where its engine has let go; as if it had not been claimed, where its instant has not come. */
export function letGo(
  ledger: Ledger,
  job: Job,
  { sendAt, leftAt }: { sendAt: number; leftAt: number },
): Promise<void> {
  const aheadMs = sendAt - leftAt;
  if (aheadMs > 0 && aheadMs <= MOST_AHEAD_MS)
    return returnUnheard(ledger, job, 'not sent: its engine is gone');
  return giveBack(ledger, job);
}

/** Why it is to be cancelled, where that was asked for while it was leased. */
function recallOf({ state }: Job): CancelReason | undefined {
  const recall = state.kind === 'leased' ? state.recall : undefined;
  return recall === 'return' ? undefined : recall;
}

/**
 * All leased jobs, whosoever they are: who was signed in as they were claimed may not be now. Whoever is, or came last, first:
 * of thousands who have jobs here no other is likely to.
 */
export async function leasedJobs({ tx, row }: Ledger): Promise<Job[]> {
  const others = Object.keys(row.live).map(Number).toReversed();
  const jobs: Job[] = [];
  for (const owner of [row.owner, ...others.filter((other) => other !== row.owner)]) {
    if (jobs.length >= row.counts.leased) break;
    jobs.push(...(await tx.all('jobs', jobsOf({ name: row.name, owner }, 'leased'))));
  }
  return jobs;
}

/** A job that takes its engine down with it, again and again, must not do so for ever. */
async function orphan(ledger: Ledger, job: Job): Promise<void> {
  const orphans = job.orphans + 1;
  const orphaned = { ...job, orphans, mayHaveArrived: true as const };
  if (orphans <= ledger.row.policy.maxOrphans) return giveBack(ledger, orphaned);
  const detail = `its engine was lost ${orphans} times in mid-send`;
  await bury(ledger, orphaned, { reason: 'orphaned', detail });
}

const NOT_REPEATED = {
  reason: 'unknown',
  detail: 'its engine was lost in mid-send; it may have been done, and is not repeated',
} as const;

/** Back to its place; or out, if that was asked for while it was leased. */
async function giveBack(ledger: Ledger, job: Job): Promise<void> {
  const given = { ...job, mayHaveArrived: true as const };
  if (ledger.row.policy.repeat === 'never') return bury(ledger, given, NOT_REPEATED);
  const recall = recallOf(job);
  if (recall) return cancel(ledger, job, recall);
  move(ledger, given, stateInTurn(job, ledger.now));
  const { queue, ticket } = job;
  ledger.events.push({ type: 'returned', queue, ticket, detail: 'its engine is gone' });
}

/** A lease id names its engine, and is never used again: not by another queue either, which may share a rate. */
export function leaseIdOf(
  { engine, queue, turn }: Pick<TurnRequest, 'engine' | 'queue' | 'turn'>,
  seq: number,
): string {
  return `${engine}/${queue}/${turn}/${seq}`;
}

export function isLeaseOf(leaseId: string, engine: string): boolean {
  return leaseId.startsWith(`${engine}/`);
}
