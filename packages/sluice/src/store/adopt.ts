import type { Owner } from '../core/identity.js';
import type { Job, JobDraft } from '../core/job.js';
import { chainRange, countLive, isBehind, type Ledger, move } from './ledger.js';
import { leaveFlow, rejoinFlow } from './line.js';
import { jobsOf } from './rows.js';

/** Jobs that one transaction moves at most, an ordering key as a whole. */
const ADOPTED_AT_ONCE = 100;

/** A dead letter stays with whom it died; it has left its ordering key as well. */
const KINDS = ['leased', 'ready', 'scheduled', 'delayed', 'parked', 'behind'] as const;

/**
 * Gives all jobs of one owner to whoever is signed in, a bounded number a transaction. Until the last has come the queue claims
 * nothing: what is new may have to wait for one of them.
 */
export async function beginAdoption(ledger: Ledger, from: Owner): Promise<void> {
  const { row } = ledger;
  if (from === row.owner || !(row.live[from] ?? 0)) return;
  row.adopting = from;
  // What is under way is not recalled.
  await adoptSome(ledger, 'leased', Number.MAX_SAFE_INTEGER);
  await adoptMore(ledger);
}

export async function adoptMore(ledger: Ledger): Promise<void> {
  const { row } = ledger;
  if (row.adopting === undefined) return;
  let left = ADOPTED_AT_ONCE;
  for (const kind of KINDS) if (left > 0) left -= await adoptSome(ledger, kind, left);
  if (left > 0) row.adopting = undefined;
}

/** Before anything changes that they have to go by. */
export async function adoptRest(ledger: Ledger): Promise<void> {
  while (ledger.row.adopting !== undefined) await adoptMore(ledger);
}

/** What a draft has to find comes at once: what stands for the same thing, and its ordering key. */
export async function adoptBefore(ledger: Ledger, { options }: JobDraft): Promise<void> {
  const { tx, row } = ledger;
  const { dedupeKey, orderingKey } = options;
  const from = row.adopting;
  if (from === undefined) return;
  const twin = dedupeKey === undefined ? undefined : await tx.get('twins', [row.name, from, dedupeKey]);
  const same = twin && (await tx.get('jobs', [row.name, twin.seq]));
  if (same?.owner === from) await adoptWithChain(ledger, same);
  if (orderingKey === undefined) return;
  const [head] = await tx.all('jobs', chainRange({ name: row.name, owner: from }, orderingKey));
  if (head) await adoptWithChain(ledger, head);
}

/** Answers how many there were. */
async function adoptSome(ledger: Ledger, kind: Job['state']['kind'], count: number): Promise<number> {
  const { tx, row } = ledger;
  const share = { name: row.name, owner: row.adopting as Owner };
  const jobs = await tx.all('jobs', { ...jobsOf(share, kind), count: Math.min(count, LONGEST_CHAIN) });
  for (const job of jobs) await adoptWithChain(ledger, job);
  return jobs.length;
}

/** Half an ordering key here and half there would have two heads. */
async function adoptWithChain(ledger: Ledger, job: Job): Promise<void> {
  const { tx } = ledger;
  if (job.chain === undefined) return adopt(ledger, job);
  const range = chainRange({ name: job.queue, owner: job.owner }, job.chain);
  for (const link of await tx.all('jobs', { ...range, count: LONGEST_CHAIN })) await adopt(ledger, link);
}

async function adopt(ledger: Ledger, job: Job): Promise<void> {
  const { tx, row } = ledger;
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
