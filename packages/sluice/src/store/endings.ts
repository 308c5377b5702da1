import type { Answer, CancelReason, Job } from '../core/job.js';
import { timed } from '../core/metrics.js';
import { buryDependents, releaseDependents } from './dependents.js';
import { type Ledger, leave } from './ledger.js';
import { forgetTwin } from './twins.js';

/** The service has taken the job. */
export async function finish(ledger: Ledger, job: Job, answer: Answer): Promise<void> {
  const { row, now, events } = ledger;
  row.counts.done += 1;
  row.metrics = { ...row.metrics, latency: timed(row.metrics.latency, now - job.enqueuedAt) };
  await leave(ledger, job, { kind: 'done', at: now, answer });
  events.push({ type: 'done', queue: row.name, ticket: job.ticket, status: answer.status });
  await releaseDependents(ledger, job.ticket, answer);
}

export async function cancel(ledger: Ledger, job: Job, reason: CancelReason): Promise<void> {
  const { row, now, events } = ledger;
  row.counts.cancelled[reason] = (row.counts.cancelled[reason] ?? 0) + 1;
  await forgetTwin(ledger, job);
  await leave(ledger, job, { kind: 'cancelled', at: now, reason });
  events.push({ type: 'cancelled', queue: row.name, ticket: job.ticket, reason });
  await buryDependents(ledger, job.ticket);
}
