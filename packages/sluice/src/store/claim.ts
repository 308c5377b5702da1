import { shareOf } from '../core/flow.js';
import type { Job } from '../core/job.js';
import { boundingSend, charge, nextSendAt } from '../core/pace.js';
import { MAX_FREEZE_MS } from '../core/policy.js';
import type { Claim, TurnRequest } from '../core/ports.js';
import { earlier, openingOf } from '../core/turn.js';
import { leaseIdOf } from './leases.js';
import { bury, type Ledger, move } from './ledger.js';
import { rangeOf } from './rows.js';

/** Sends that stay on record at least, for charts and tests, however small the limit. */
const SENDS_KEPT = 1000;

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

async function nextInstant({ tx, row, now }: Ledger, leadMs: number): Promise<number> {
  const { pace, policy, flow } = row;
  const bound = boundingSend(pace, policy.rate);
  const boundAt = bound === undefined ? undefined : (await tx.get('sends', [row.name, bound]))?.at;
  return nextSendAt(pace, policy.rate, {
    boundAt,
    share: shareOf(flow),
    now: policy.rate ? now + leadMs : now,
  });
}

function lease(ledger: Ledger, job: Job, { at, request }: { at: number; request: TurnRequest }): Claim {
  const { row, now } = ledger;
  const leaseId = leaseIdOf(request.engine, request.turn, job.seq);
  const leaseUntil = Math.round(Math.max(now, at) + row.policy.leaseMs);
  const state = { kind: 'leased' as const, at: leaseUntil, leaseId, cancelled: false };
  move(ledger, job, state);
  record(ledger, job, { at, engine: request.engine });
  ledger.events.push({ type: 'attempt', queue: row.name, ticket: job.ticket, attempt: job.attempts + 1 });
  return { job: { ...job, state }, leaseId, leaseUntil, sendAt: at, policy: row.policy };
}

/** Charges the pace: one row in, one row out, whatever the limit. */
function record({ tx, row }: Ledger, job: Job, { at, engine }: { at: number; engine: string }): void {
  const { pace, policy, flow } = row;
  const { n } = pace;
  const attempt = job.attempts + 1;
  tx.put('sends', { queue: row.name, n, at, idempotencyKey: job.idempotencyKey, attempt, engine });
  tx.delete('sends', [row.name, n - Math.max(policy.rate?.limit ?? 0, SENDS_KEPT)]);
  row.pace = charge(pace, policy.rate, { at, share: shareOf(flow) });
  row.counts.sends += 1;
}

/** Makes what has become due ready, a bounded number at a time, and answers when the next one is due. */
async function promoteDelayed(ledger: Ledger, slots: number): Promise<number | undefined> {
  const range = { ...rangeOf('byState', ledger.row.name, 'delayed'), count: slots + 1 };
  for (const job of await ledger.tx.all('jobs', range)) {
    const dueAt = sooner(job.state.at, ledger.now);
    if (dueAt > ledger.now) return dueAt;
    move(ledger, job, { kind: 'ready', at: 0 });
  }
  return undefined;
}

/** No backoff is longer than this: an instant beyond it was written before the clock went back. */
function sooner(at: number, now: number): number {
  return at > now + 2 * MAX_FREEZE_MS ? now : at;
}
