import { type Job, type Ticket, WAITING_KINDS } from '../core/job.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { totalDepthOf } from '../core/queue-row.js';
import { cancel } from './endings.js';
import type { Ledger } from './ledger.js';
import { jobsOf } from './rows.js';

/** What an enqueue adds, less what it takes the place of. */
export interface Load {
  jobs: number;
  bytes: number;
  /** Its bytes, whatever it takes the place of. */
  size: number;
  priority: number;
  /** What it takes the place of, or comes after, does not make room for it. */
  spared: readonly (Ticket | undefined)[];
}

type Added = Pick<Load, 'jobs' | 'bytes'>;

/** Sheds waiting jobs where the policy says so. Answers why there is no room, or nothing where there is. */
export async function makeRoom(ledger: Ledger, load: Load): Promise<EnqueueAnswer | undefined> {
  while (limitFor(ledger, load)) {
    const shed = await leastWanted(ledger, load);
    if (!shed) return lackOfRoom(ledger, load);
    await cancel(ledger, shed, 'shed');
  }
  return undefined;
}

async function leastWanted(ledger: Ledger, load: Load): Promise<Job | undefined> {
  const { whenFull, maxBytes } = ledger.row.policy;
  // Not if all of them went: they would be lost for nothing.
  if (load.size > maxBytes) return undefined;
  if (whenFull === 'drop-oldest') return oldestWaiting(ledger, load);
  if (whenFull !== 'drop-lowest') return undefined;
  const last = await ledger.tx.last('jobs', jobsOf(ledger.row, 'ready'));
  return last && last.priority < load.priority ? last : undefined;
}

/** Why there is no room, counted as a refusal; room comes with the next send at the soonest. */
function lackOfRoom(ledger: Ledger, load: Added): EnqueueAnswer | undefined {
  const { policy, counts } = ledger.row;
  const limit = limitFor(ledger, load);
  if (!limit) return undefined;
  counts.refused += 1;
  const retryAfterMs = policy.rate ? policy.rate.perMs / policy.rate.limit : 1000;
  return { kind: 'full', limit, max: policy[limit], retryAfterMs, passes: policy.whenFull === 'network' };
}

function limitFor({ row }: Ledger, { jobs, bytes }: Added): 'maxJobs' | 'maxBytes' | undefined {
  if (totalDepthOf(row) + jobs > row.policy.maxJobs) return 'maxJobs';
  return row.bytes + bytes > row.policy.maxBytes ? 'maxBytes' : undefined;
}

/** Of whoever is signed in: nobody's jobs make room for another's. */
async function oldestWaiting({ tx, row }: Ledger, { spared }: Load): Promise<Job | undefined> {
  const heads: Job[] = [];
  for (const kind of WAITING_KINDS) {
    heads.push(...(await tx.all('jobs', { ...jobsOf(row, kind), count: spared.length + 1 })));
  }
  return heads.filter(({ ticket }) => !spared.includes(ticket)).toSorted((a, b) => a.seq - b.seq)[0];
}
