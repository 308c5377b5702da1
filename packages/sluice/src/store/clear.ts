import { deleteBody } from './bodies.js';
import type { SluiceEvent } from '../core/events.js';
import type { Owner } from '../core/identity.js';
import { type Job, type JobState, WAITING_KINDS } from '../core/job.js';
import { cancel } from './endings.js';
import { forgottenOwners } from './identity.js';
import { type Ledger, leaveQueue, move } from './ledger.js';
import { leasedJobs } from './leases.js';
import { readQueues } from './queues.js';
import { type Database, jobsOf, type Plan } from './rows.js';

const CLEAR: Plan = {
  tables: ['jobs', 'bodies', 'queues', 'results', 'flows', 'twins'],
  mode: 'readwrite',
  durability: 'strict',
};

/** Jobs, and results, that one transaction takes at most: an engine has its turns between. */
const AT_ONCE = 100;

/** Cancels what waits of whoever is signed in, recalls what is leased, and drops the dead letters. */
export async function clearQueue(database: Database, queue: string, now: number): Promise<SluiceEvent[]> {
  return repeatedly(database, queue, now, async (ledger) => {
    const { tx, row } = ledger;
    for (const job of await leasedJobs(ledger)) recallAsCleared(ledger, job);
    const dead = await someJobs(ledger, row.owner, ['dead']);
    for (const job of dead) erase(ledger, job);
    const waiting = await someJobs(ledger, row.owner, WAITING_KINDS);
    for (const { queue: name, seq } of waiting) {
      // Read anew: the end of one before it may have been its own, too.
      const job = await tx.get('jobs', [name, seq]);
      if (job && job.state.kind !== 'dead') await cancel(ledger, job, 'cleared');
    }
    return dead.length + waiting.length === 0;
  });
}

/** Erases every row of those who were forgotten; last the owner's own. Undefined where a send of theirs may be under way. */
export async function eraseForgotten(database: Database, now: number): Promise<SluiceEvent[] | undefined> {
  const owners = await forgottenOwners(database, now);
  const events: SluiceEvent[] = [];
  for (const owner of owners ?? []) {
    for (const { name } of await readQueues(database))
      events.push(...(await repeatedly(database, name, now, (ledger) => eraseSome(ledger, owner))));
    await database.run({ ...CLEAR, tables: ['owners'] }, async (tx) => tx.delete('owners', owner));
  }
  return owners && events;
}

async function eraseSome(ledger: Ledger, owner: Owner): Promise<boolean> {
  const { tx, row } = ledger;
  const jobs = await someJobs(ledger, owner, ['leased', 'dead', ...WAITING_KINDS]);
  for (const job of jobs) erase(ledger, job);
  const all = { from: [row.name, owner], to: [row.name, owner, '\uffff'] };
  const results = await tx.all('results', { ...all, index: 'byEnd', count: AT_ONCE });
  for (const { seq } of results) tx.delete('results', [row.name, seq]);
  tx.deleteAll('flows', all);
  tx.deleteAll('twins', all);
  return jobs.length + results.length === 0;
}

async function repeatedly(
  database: Database,
  queue: string,
  now: number,
  work: (ledger: Ledger) => Promise<boolean>,
): Promise<SluiceEvent[]> {
  const events: SluiceEvent[] = [];
  let isDone = false;
  while (!isDone) {
    isDone = await database.run(CLEAR, async (tx) => {
      const row = await tx.get('queues', queue);
      if (!row) return true;
      const isOver = await work({ tx, row, now, events });
      tx.put('queues', row);
      return isOver;
    });
  }
  return events;
}

async function someJobs(
  { tx, row: { name } }: Ledger,
  owner: Owner,
  kinds: readonly JobState['kind'][],
): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const kind of kinds) {
    if (jobs.length === AT_ONCE) break;
    jobs.push(...(await tx.all('jobs', { ...jobsOf({ name, owner }, kind), count: AT_ONCE - jobs.length })));
  }
  return jobs;
}

function recallAsCleared(ledger: Ledger, job: Job): void {
  const { state } = job;
  if (state.kind !== 'leased' || state.recall === 'cleared' || job.owner !== ledger.row.owner) return;
  move(ledger, job, { ...state, recall: 'cleared' });
  ledger.events.push({ type: 'aborting', queue: job.queue, ticket: job.ticket });
}

/** No result stays of it: that would tell of the job. */
function erase({ tx, row, events }: Ledger, job: Job): void {
  const { queue, seq, ticket, state } = job;
  tx.delete('jobs', [queue, seq]);
  deleteBody(tx, job);
  if (state.kind === 'dead') return;
  leaveQueue(row, job);
  row.counts.cancelled.cleared = (row.counts.cancelled.cleared ?? 0) + 1;
  events.push({ type: 'cancelled', queue, ticket, reason: 'cleared' });
}
