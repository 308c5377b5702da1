import { bytesOf, type Job, type Ticket } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import { conflict, type Edit, edited, type JobCommand } from './job-commands.js';
import { countLive, entryState, type Ledger } from './ledger.js';
import { rejoinFlow } from './line.js';
import { olderOf } from './oldest.js';
import { checkRoom } from './room.js';
import { findRival, rememberTwin } from './twins.js';

/** The job under another key; undefined where a transaction is not the place to make it, since all is sealed. */
export type Rekey = (job: Job, idempotency: QueuePolicy['idempotency']) => Edit | undefined;

/**
 * Puts a dead job back into its place, attempts and age at 0. What the service has declined goes under another key, where one is made.
 * Answers whether it was done.
 */
export function redriveJob(ticket: Ticket, rekey?: Rekey): JobCommand<boolean> {
  return {
    ticket,
    apply: async (ledger, job) => {
      await checkRedrive(ledger, job);
      checkRoom(ledger, { jobs: 1, bytes: bytesOf(job.request, job.bodyBytes) });
      if (!rekey || !isDeclined(job)) return redrive(ledger, job);
      const edit = rekey(job, ledger.row.policy.idempotency);
      return edit !== undefined && redrive(ledger, edited(ledger.tx, job, edit));
    },
  };
}

async function checkRedrive(ledger: Ledger, job: Job): Promise<void> {
  const { ticket } = job;
  if (job.state.kind !== 'dead')
    throw conflict(ticket, `it is ${job.state.kind}, and only a dead job is redriven`);
  if (job.after !== undefined)
    throw conflict(ticket, `job '${job.after}', which it comes after, is not in it; submit it anew`);
  const twin = await findRival(ledger, job);
  // Sending both would be the duplicate that the key forbids.
  if (twin) throw conflict(ticket, `job '${twin}' has taken its dedupe key; cancel that one first`);
}

/** A service that keeps its answers would give this one to the same key again. After any other end it may have been done. */
function isDeclined({ state, mayHaveArrived, lastAnswer }: Job): boolean {
  const status = lastAnswer?.status ?? 0;
  const isFinal = state.kind === 'dead' && (state.reason === 'rejected' || state.reason === 'conflict');
  return isFinal && !mayHaveArrived && status >= 400 && status < 500;
}

async function redrive(ledger: Ledger, job: Job): Promise<true> {
  const { row, tx, now } = ledger;
  const { reason } = job.state as Extract<Job['state'], { kind: 'dead' }>;
  row.counts.dead[reason] = (row.counts.dead[reason] ?? 1) - 1;
  row.counts.waiting += 1;
  countLive(row, job.owner, 1);
  row.bytes += bytesOf(job.request, job.bodyBytes);
  const { orderingKey: chain } = job;
  const expiresAt = now + row.policy.ttlMs;
  const state = await entryState(ledger, job);
  tx.put('jobs', {
    ...job,
    attempts: 0,
    failing: undefined,
    orphans: 0,
    expiresAt,
    state,
    ...(chain === undefined ? {} : { chain }),
  });
  row.metrics = { ...row.metrics, oldest: olderOf(row.metrics.oldest, job) };
  rememberTwin(ledger, job);
  await rejoinFlow(ledger, job);
  ledger.events.push({ type: 'redriven', queue: job.queue, ticket: job.ticket });
  return true;
}
