import { SluiceError } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import { type Job, type Ticket, WAITING_KINDS } from '../core/job.js';
import { ranksOf } from '../core/line.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { totalDepthOf } from '../core/queue-row.js';
import { cancel } from './endings.js';
import type { Ledger } from './ledger.js';
import { jobsOf, type KeyPart } from './rows.js';

/** What an enqueue adds, less what it takes the place of. */
export interface Load {
  jobs: number;
  bytes: number;
  /** Its bytes, whatever it takes the place of. */
  size: number;
  priority: number;
  /** Whose it is: no job of another user makes room for it. */
  owner: Owner;
  /** What it takes the place of, or comes after, does not make room for it. */
  spared: readonly (Ticket | undefined)[];
}

type Added = Pick<Load, 'jobs' | 'bytes'>;

/** A body of many MiB takes the room of thousands: the rest goes for it as it comes again. */
const SHED_AT_ONCE = 200;

/** Sheds waiting jobs where the policy says so. Answers why there is no room, or nothing where there is. */
export async function makeRoom(ledger: Ledger, load: Load): Promise<EnqueueAnswer | undefined> {
  for (let i = 0; i < SHED_AT_ONCE && limitFor(ledger, load); i++) {
    const shed = await leastWanted(ledger, load);
    if (!shed) break;
    await cancel(ledger, shed, 'shed');
  }
  return lackOfRoom(ledger, load);
}

/** Never one that is more urgent, nor one of another user. */
async function leastWanted(ledger: Ledger, load: Load): Promise<Job | undefined> {
  const { whenFull, maxBytes } = ledger.row.policy;
  // Not if all of them went: they would be lost for nothing.
  if (load.size > maxBytes) return undefined;
  const most = MOST_URGENT[whenFull]?.(load.priority);
  if (most === undefined) return undefined;
  const isOldest = whenFull === 'drop-oldest';
  const jobs = [...(await readyJobs(ledger, load, { most, isOldest })), ...(await otherJobs(ledger, load))];
  const [least] = jobs
    .filter(({ priority, ticket }) => priority <= most && !load.spared.includes(ticket))
    .toSorted((a, b) => a.priority - b.priority || (isOldest ? a.seq - b.seq : b.seq - a.seq));
  return least;
}

/** The highest priority that gives way to another. */
const MOST_URGENT: Partial<Record<QueuePolicy['whenFull'], (priority: number) => number>> = {
  'drop-oldest': (priority) => priority,
  'drop-lowest': (priority) => priority - 1,
};

/** The first, or the last, of the lowest class that has any. */
async function readyJobs(
  { tx, row }: Ledger,
  { owner, spared }: Load,
  { most, isOldest }: { most: number; isOldest: boolean },
): Promise<Job[]> {
  if (!isOldest) {
    const last = await tx.last('jobs', jobsOf({ name: row.name, owner }, 'ready'));
    return last ? [last] : [];
  }
  const classes = Object.keys(row.classes).map(Number);
  for (const priority of classes.filter((one) => one <= most).toSorted((a, b) => a - b)) {
    const [from, to] = ranksOf(priority).map((rank) => [row.name, owner, 'ready', rank]) as [
      KeyPart[],
      KeyPart[],
    ];
    const jobs = await tx.all('jobs', { index: 'byState', from, to, count: spared.length + 1 });
    if (jobs.some(({ ticket }) => !spared.includes(ticket))) return jobs;
  }
  return [];
}

/** They stand in no order of priority: the least wanted of the first few is found. */
async function otherJobs({ tx, row }: Ledger, { owner }: Load): Promise<Job[]> {
  const share = { name: row.name, owner };
  const kinds = WAITING_KINDS.filter((kind) => kind !== 'ready');
  const jobs = kinds.map((kind) => tx.all('jobs', { ...jobsOf(share, kind), count: LOOKED_AT }));
  return (await Promise.all(jobs)).flat();
}

const LOOKED_AT = 20;

/** Why there is no room, counted as a refusal; room comes with the next send at the soonest. */
function lackOfRoom(ledger: Ledger, load: Added): EnqueueAnswer | undefined {
  const { policy, counts } = ledger.row;
  const limit = limitFor(ledger, load);
  if (!limit) return undefined;
  counts.refused += 1;
  const retryAfterMs = policy.rate ? policy.rate.perMs / policy.rate.limit : 1000;
  return { kind: 'full', limit, max: policy[limit], retryAfterMs, passes: policy.whenFull === 'network' };
}

/** @throws SluiceError `queue-full`: what a command adds makes no room for itself */
export function checkRoom(ledger: Ledger, load: Added): void {
  const limit = limitFor(ledger, load);
  if (!limit) return;
  const { name, policy } = ledger.row;
  const sentence = `queue '${name}' holds as much as ${limit} allows, ${policy[limit]}. Try again later, or raise it.`;
  throw new SluiceError('queue-full', sentence, { value: policy[limit] });
}

function limitFor({ row }: Ledger, { jobs, bytes }: Added): 'maxJobs' | 'maxBytes' | undefined {
  if (totalDepthOf(row) + jobs > row.policy.maxJobs) return 'maxJobs';
  return row.bytes + bytes > row.policy.maxBytes ? 'maxBytes' : undefined;
}
