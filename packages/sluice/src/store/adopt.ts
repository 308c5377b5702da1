import type { Owner } from '../core/identity.js';
import type { Job } from '../core/job.js';
import { chainRange, countLive, isBehind, type Ledger, move } from './ledger.js';
import { leaveFlow, rejoinFlow } from './line.js';

/** So many rows are in memory at a time. */
const AT_ONCE = 100;

/**
 * Gives all jobs of one owner to whoever is signed in, in their order. In one transaction, whatever it takes: half an
 * ordering key here and half there would have two heads.
 */
export async function adoptAll(ledger: Ledger, from: Owner): Promise<void> {
  const { tx, row } = ledger;
  if (from === row.owner || !(row.live[from] ?? 0)) return;
  let after = 0;
  for (;;) {
    const range = {
      from: [row.name, after],
      to: [row.name, Number.POSITIVE_INFINITY],
      after: true,
      count: AT_ONCE,
    };
    const jobs = await tx.all('jobs', range);
    for (const job of jobs) if (job.owner === from) await adopt(ledger, job);
    const last = jobs.at(-1);
    if (!last || jobs.length < AT_ONCE) return;
    after = last.seq;
  }
}

/** A dead letter stays with whom it died. */
async function adopt(ledger: Ledger, job: Job): Promise<void> {
  const { tx, row } = ledger;
  if (job.state.kind === 'dead') return;
  await leaveFlow(ledger, job);
  const adopted = { ...job, owner: row.owner };
  const state = await stateOf(ledger, adopted);
  tx.put('jobs', { ...adopted, state });
  countLive(row, job.owner, -1);
  countLive(row, row.owner, 1);
  await rejoinFlow(ledger, adopted);
  if (job.dedupeKey !== undefined) await adoptTwin(ledger, job, job.dedupeKey);
}

/** An ordering key that the user has live jobs of already keeps one head: one that is being sent goes before any other. */
async function stateOf(ledger: Ledger, job: Job): Promise<Job['state']> {
  const { state, chain } = job;
  if (chain === undefined || isBehind(state)) return state;
  const live = await ledger.tx.all('jobs', {
    ...chainRange({ name: job.queue, owner: job.owner }, chain),
    // One that is not being sent only asks whether there is any; else each job would read all of its key.
    count: state.kind === 'leased' ? LONGEST_CHAIN : 1,
  });
  if (state.kind !== 'leased') return live.length > 0 ? behind(state) : state;
  const heads = live.filter((own) => !isBehind(own.state));
  for (const head of heads) move(ledger, head, behind(head.state));
  return state;
}

const LONGEST_CHAIN = 100_000;

function behind(state: Job['state']): Job['state'] {
  return state.kind === 'parked' ? { ...state, behind: true } : { kind: 'behind', at: 0 };
}

/** Of two that stand for the same thing the user's own stays. */
async function adoptTwin({ tx, row }: Ledger, job: Job, key: string): Promise<void> {
  const twin = await tx.get('twins', [row.name, job.owner, key]);
  if (twin?.seq !== job.seq) return;
  tx.delete('twins', [row.name, job.owner, key]);
  const own = await tx.get('twins', [row.name, row.owner, key]);
  if (!own) tx.put('twins', { ...twin, owner: row.owner });
}
