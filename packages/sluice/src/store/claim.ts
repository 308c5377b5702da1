import type { Job } from '../core/job.js';
import { MAX_FREEZE_MS } from '../core/policy.js';
import type { Claim, TurnRequest } from '../core/ports.js';
import { earlier, openingOf } from '../core/turn.js';
import { chargeSend, nextInstant } from './charge.js';
import { leaseIdOf } from './leases.js';
import { bury, type Ledger, move } from './ledger.js';
import { rangeOf } from './rows.js';

/** A turn claims what falls due within this, so that a high rate does not cost a transaction a send. */
const AHEAD_MS = 25;

interface Claims {
  claims: Claim[];
  nextAt: number | undefined;
  closed: boolean;
}

/** Takes what may be sent now or shortly, oldest first, each under a lease and charged for its instant. */
export async function claimDue(ledger: Ledger, request: TurnRequest): Promise<Claims> {
  const opening = openingOf(ledger.row, ledger.now);
  if (opening.kind === 'closed') return { claims: [], nextAt: opening.nextAt, closed: true };
  if (opening.kind === 'busy') return { claims: [], nextAt: undefined, closed: false };
  const slots = Math.min(opening.slots, request.maxClaims);
  const dueAt = await promoteDelayed(ledger, slots);
  const taken = await take(ledger, request, slots);
  return { claims: taken.claims, nextAt: earlier(taken.nextAt, dueAt), closed: false };
}

async function take(ledger: Ledger, request: TurnRequest, slots: number): Promise<Omit<Claims, 'closed'>> {
  const claims: Claim[] = [];
  while (claims.length < slots) {
    const jobs = await ledger.tx.all('jobs', {
      ...rangeOf('byState', ledger.row.name, 'ready'),
      count: slots - claims.length,
    });
    if (jobs.length === 0) break;
    for (const job of jobs) {
      if (job.expiresAt <= ledger.now) {
        await bury(ledger, job, { reason: 'expired', detail: 'it waited longer than ttlMs' });
        continue;
      }
      const at = await nextInstant(ledger, request.leadMs);
      if (at > ledger.now + request.leadMs + AHEAD_MS) return { claims, nextAt: at - request.leadMs };
      claims.push(lease(ledger, job, { at, request }));
    }
  }
  return { claims, nextAt: undefined };
}

function lease(ledger: Ledger, job: Job, { at, request }: { at: number; request: TurnRequest }): Claim {
  const { row, now } = ledger;
  const leaseId = leaseIdOf(request.engine, request.turn, job.seq);
  const leaseUntil = Math.round(Math.max(now, at) + row.policy.leaseMs);
  const state = { kind: 'leased' as const, at: leaseUntil, leaseId, cancelled: false };
  move(ledger, job, state);
  const n = chargeSend(ledger, job, { at, leaseId });
  ledger.events.push({ type: 'attempt', queue: row.name, ticket: job.ticket, attempt: job.attempts + 1 });
  return { job: { ...job, state }, leaseId, leaseUntil, n, sendAt: at, policy: row.policy };
}

/** Makes what has become due ready, a bounded number at a time, and answers when the next one is due. */
async function promoteDelayed(ledger: Ledger, slots: number): Promise<number | undefined> {
  // A probe takes a job that has not failed yet, so that a poisoned one cannot keep the queue probing with it for ever.
  if (ledger.row.flow.phase === 'probe' && (await hasReady(ledger))) return undefined;
  const range = { ...rangeOf('byState', ledger.row.name, 'delayed'), count: slots + 1 };
  for (const job of await ledger.tx.all('jobs', range)) {
    const dueAt = sooner(job.state.at, ledger.now);
    if (dueAt > ledger.now) return dueAt;
    move(ledger, job, { kind: 'ready', at: 0 });
  }
  return undefined;
}

async function hasReady({ tx, row }: Ledger): Promise<boolean> {
  return (await tx.all('jobs', { ...rangeOf('byState', row.name, 'ready'), count: 1 })).length > 0;
}

/** No backoff is longer than this: an instant beyond it was written before the clock went back. */
function sooner(at: number, now: number): number {
  return at > now + 2 * MAX_FREEZE_MS ? now : at;
}
