import type { AttemptEnd, Settlement } from '../core/attempt.js';
import type { Flow } from '../core/flow/state.js';
import { type Job, stateInTurn } from '../core/job.js';
import { noteReached } from '../core/reached.js';
import { type Instant, settle, type Settled } from '../core/settle.js';
import type { TurnRequest } from '../core/ports.js';
import { cancel, finish } from './endings.js';
import { bury, type Ledger, move } from './ledger.js';
import type { Tx } from './rows.js';

/** What has ended, and its job; undefined where that is gone. */
interface Ended {
  settlement: Settlement;
  job: Job | undefined;
}

export function readEnded(tx: Tx, { queue, settlements }: TurnRequest): Promise<Ended[]> {
  return Promise.all(
    settlements.map(async (settlement) => ({ settlement, job: await jobOf(tx, queue, settlement) })),
  );
}

/** Where storage was cleared in mid-send, the job that has the number now is another one. */
async function jobOf(tx: Tx, queue: string, { seq, ticket }: Settlement): Promise<Job | undefined> {
  const job = await tx.get('jobs', [queue, seq]);
  return job?.ticket === ticket ? job : undefined;
}

/** The leases of sends that never left. The charge of one that was lost stands: it may have been taken back before. */
export function unsentOf(ended: readonly Ended[]): string[] {
  return ended.flatMap(({ settlement, job }) => {
    const { end, batch, leaseId } = settlement;
    const isUnsent = (batch?.whole ?? end).kind === 'unsent' && (batch?.index ?? 0) === 0;
    return isUnsent && job && holdsLease(job, settlement) ? [leaseId] : [];
  });
}

function holdsLease({ state }: Job, { leaseId }: Settlement): boolean {
  return state.kind === 'leased' && state.leaseId === leaseId;
}

/** Applies the verdicts on what has ended, in the order in which it ended. */
export async function settleEnded(ledger: Ledger, ended: readonly Ended[], instant: Instant): Promise<void> {
  const { tx, row } = ledger;
  const settled = new Set<number>();
  for (const { settlement, job } of ended) {
    const { seq } = settlement;
    const current = settled.has(seq) ? await jobOf(tx, row.name, settlement) : job;
    settled.add(seq);
    if (current) await settleOne(ledger, current, settlement, instant);
  }
}

async function settleOne(ledger: Ledger, job: Job, settlement: Settlement, instant: Instant): Promise<void> {
  const settled = settle(ledger.row, job, settlement, instant);
  const isHeld = holdsLease(job, settlement);
  // Whoever lost its lease changes nothing, except that a success is a fact and ends the repeat early.
  const isLateSuccess = !isHeld && settled.next.kind === 'done' && job.state.kind !== 'dead';
  if (!isHeld && !isLateSuccess) return;
  noteReached(ledger.row, settlement.end);
  await place(ledger, spend(ledger, job, settled), { next: settled.next, end: settlement.end });
}

/** What an attempt tells of the queue is told and kept; answers the job with its attempt counted. */
export function spend(ledger: Ledger, job: Job, settled: Settled): Job {
  tellOfQueue(ledger, settled);
  Object.assign(ledger.row, settled.queue);
  const doubt = settled.mayHaveArrived ? { mayHaveArrived: true as const } : {};
  return { ...job, ...doubt, attempts: settled.attempts, failing: settled.failing };
}

async function place(
  ledger: Ledger,
  job: Job,
  { next, end }: Pick<Settled, 'next'> & Pick<Settlement, 'end'>,
): Promise<void> {
  const { queue, ticket } = job;
  const answered = end.kind === 'answer' ? { ...job, lastAnswer: end.answer } : job;
  switch (next.kind) {
    case 'done':
      return finish(ledger, job, end.kind === 'answer' ? end.answer : HIDDEN);
    case 'dead':
      return bury(ledger, answered, { reason: next.reason, detail: next.detail });
    case 'cancelled':
      return cancel(ledger, job, next.reason);
    case 'ready':
      move(ledger, returned(job, end), stateInTurn(job, ledger.now));
      ledger.events.push({ type: 'returned', queue, ticket, detail: whyReturned(end) });
      return;
    case 'delayed':
      move(ledger, { ...answered, lastDetail: next.detail }, { kind: 'delayed', at: Math.round(next.at) });
      ledger.events.push({ type: 'nacked', queue, ticket, dueAt: next.at, detail: next.detail });
  }
}

/** An attempt that never left says nothing new: the reason of the send before it stays. */
function returned(job: Job, end: AttemptEnd): Job {
  return end.kind === 'unsent' ? job : { ...job, lastDetail: whyReturned(end) };
}

function whyReturned(end: AttemptEnd): string {
  if (end.kind === 'answer') return end.judged?.detail ?? `answered ${end.answer.status}`;
  return end.kind === 'unsent' ? `not sent: ${end.why}` : end.kind;
}

/** An answer that was trusted though the browser hides it. */
const HIDDEN = { status: 0, statusText: '', headers: [], bodyOmitted: true };

function tellOfQueue(ledger: Ledger, { queue: { awaitsSignIn, flow, blocked } }: Settled): void {
  const { row, events } = ledger;
  tellOfFlow(ledger, flow);
  if (blocked && blocked.detail !== row.blocked?.detail)
    events.push({ type: 'blocked', queue: row.name, detail: blocked.detail });
  if (awaitsSignIn && !row.awaitsSignIn) events.push({ type: 'sign-in', queue: row.name });
}

/** What has changed of a flow for the users of its queue; the row still has the one before. */
export function tellOfFlow({ row, now, events }: Ledger, flow: Flow): void {
  const { name: queue, metrics } = row;
  if (flow.gateUntil > row.flow.gateUntil) {
    const heldMs = flow.gateUntil - Math.max(row.flow.gateUntil, now);
    row.metrics = { ...metrics, frozenMs: metrics.frozenMs + Math.max(0, heldMs) };
    events.push({ type: 'frozen', queue, until: flow.gateUntil });
  }
  if (flow.phase.kind === 'probe' && flow.phase !== row.flow.phase)
    events.push({ type: 'probing', queue, until: flow.phase.until });
}
