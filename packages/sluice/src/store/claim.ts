import { bodyOf } from './bodies.js';
import type { Job } from '../core/job.js';
import { budgetAfter, retriesLeft, retryAt } from '../core/flow/budget.js';
import { nextPassEnd } from '../core/pass.js';
import { MAX_FREEZE_MS } from '../core/policy.js';
import type { Claim, TurnRequest } from '../core/ports.js';
import type { QueueRow } from '../core/queue-row.js';
import { earlier, hasSlot, openingOf } from '../core/turn.js';
import { traceOf } from '../core/views.js';
import { chargeSend, flowInstant, nextInstant } from './charge.js';
import { leaseIdOf } from './leases.js';
import { buryTooOld, hasBuriedMost, type Ledger, move } from './ledger.js';
import { costOf, type Group, nextGroups } from './groups.js';
import { serve } from './line.js';
import { findOldest } from './oldest.js';
import { type Pacer, type Pacers, pacersOf } from './pacers.js';
import { jobsOf, type Tx } from './rows.js';
import { unlikeFirst } from './unlike.js';

/**
 * A turn claims what falls due within twice its lead, and the next begins a lead before it has to: a high rate waits for no
 * turn, nor for one that takes longer than the last.
 */
const LEAST_AHEAD_MS = 25;
const MOST_AHEAD_MS = 500;

/** Bodies up to this are read with their claim, and not in a transaction of their own. */
const SMALL_BODY_BYTES = 65_536;

interface ClaimRequest extends TurnRequest {
  /** In [0, 1). */
  chance: () => number;
}

interface Claims {
  claims: Claim[];
  nextAt: number | undefined;
  closed: boolean;
  saturated: boolean;
}

/** Takes what may be sent now or shortly, in the order of the line, each under a lease and charged for its instant. */
export async function claimDue(ledger: Ledger, pacers: Pacers, request: ClaimRequest): Promise<Claims> {
  await buryExpiredParked(ledger);
  const opening = openingOf(ledger.row, ledger.now);
  const more = moreToBuryAt(ledger);
  if (opening.kind === 'closed')
    return { claims: [], nextAt: more ?? opening.nextAt, closed: true, saturated: true };
  if (opening.kind === 'busy')
    return { claims: [], nextAt: more ?? opening.nextAt, closed: false, saturated: true };
  const slots = Math.min(opening.slots, request.maxClaims);
  const [heads] = await Promise.all([readHeads(ledger, slots), findOldest(ledger)]);
  const { promoted, nextAt: dueAt } = promoteDue(ledger, slots, heads);
  const line = promoted > 0 ? undefined : heads.ready;
  const taken = await take(ledger, { pacers, request, slots, line });
  const claims = await Promise.all(taken.claims.map((claim) => withBodies(ledger.tx, claim)));
  // All that stood ready was too old, and what comes after it may be due.
  const isFruitless = claims.length === 0 && !taken.saturated && taken.nextAt === undefined;
  const againAt = isFruitless && promoted + heads.ready.length > 0 ? ledger.now : taken.nextAt;
  return { ...taken, claims, nextAt: earlier(moreToBuryAt(ledger), earlier(againAt, dueAt)), closed: false };
}

function moreToBuryAt(ledger: Ledger): number | undefined {
  return hasBuriedMost(ledger) ? ledger.now : undefined;
}

/** What stands first of each kind that a claim looks at: one wait for all. */
interface Heads {
  ready: Job[];
  scheduled: Job[];
  delayed: Job[];
}

async function readHeads(ledger: Ledger, slots: number): Promise<Heads> {
  const { tx, row } = ledger;
  const first = (kind: 'ready' | 'scheduled' | 'delayed', count: number): Promise<Job[]> =>
    tx.all('jobs', { ...jobsOf(row, kind), count });
  const [ready, scheduled, delayed] = await Promise.all([
    first('ready', slots),
    first('scheduled', slots + 1),
    first('delayed', slots + 1),
  ]);
  return { ready: await unlikeFirst(ledger, ready, delayed), scheduled, delayed };
}

interface Taking {
  pacers: Pacers;
  request: ClaimRequest;
  slots: number;
  /** The head of the line, where it is known. */
  line: Job[] | undefined;
}

async function take(
  ledger: Ledger,
  { pacers, request, slots, line }: Taking,
): Promise<Omit<Claims, 'closed'>> {
  const { now } = ledger;
  const { leadMs } = request;
  const aheadMs = Math.min(Math.max(2 * leadMs, LEAST_AHEAD_MS), MOST_AHEAD_MS);
  const claims: Claim[] = [];
  // A rate of the queue binds all its jobs; one of a destination leaves room for those to another.
  const bindsAll = Object.keys(ledger.row.policy.limits).length === 0;
  while (claims.length < slots) {
    const next = await nextGroups(ledger, slots - claims.length, claims.length === 0 ? line : undefined);
    if (next.kind === 'later') return { claims, nextAt: next.at, saturated: false };
    if (next.groups.length === 0) return { claims, nextAt: undefined, saturated: false };
    for (const jobs of next.groups) {
      if (!hasSlot(ledger.row, now)) return { claims, nextAt: nextPassEnd(ledger.row, now), saturated: true };
      const own = pacersOf(pacers, jobs[0].request.url);
      const turnAt = flowInstant(ledger.row, own.some(({ rate }) => rate) ? now + leadMs : now);
      const at = await nextInstant(ledger.tx, own, { cost: costOf(jobs), earliest: turnAt });
      if (at > now + leadMs + aheadMs) {
        const nextAt = at - leadMs - Math.min(leadMs, aheadMs);
        return { claims, nextAt, saturated: bindsAll };
      }
      claims.push(leaseGroup(ledger, jobs, { pacers: own, at, request }));
    }
  }
  return { claims, nextAt: nextPassEnd(ledger.row, now), saturated: true };
}

async function withBodies(tx: Tx, claim: Claim): Promise<Claim> {
  const riders = await Promise.all(claim.riders.map((rider) => withBodies(tx, rider)));
  const isSmall = claim.job.bodyBytes <= SMALL_BODY_BYTES;
  const body = isSmall ? await bodyOf(tx, claim.job) : undefined;
  return { ...claim, riders, ...(body ? { body } : {}) };
}

interface Leasing {
  pacers: readonly Pacer[];
  at: number;
  request: ClaimRequest;
}

/** One send, for one job or for a batch: its first is charged, the others ride along. */
function leaseGroup(ledger: Ledger, jobs: Group, { pacers, at, request }: Leasing): Claim {
  const { row } = ledger;
  const leases = jobs.map((job, i) => lease(ledger, job, { at, request, rides: i > 0 }));
  const [lead, ...others] = leases as [Lease, ...Lease[]];
  const cost = costOf(jobs);
  const { chance } = request;
  const charged = chargeSend(ledger, { ...lead.job, cost }, { pacers, at, leaseId: lead.leaseId, chance });
  const claimOf = (one: Lease): Claim => ({
    ...one,
    ...charged,
    sendAt: at,
    policy: row.policy,
    credentials: row.credentials ?? 0,
    riders: [],
  });
  return { ...claimOf(lead), riders: others.map(claimOf) };
}

type Lease = Pick<Claim, 'job' | 'leaseId' | 'leaseUntil'>;

function lease(
  ledger: Ledger,
  job: Job,
  { at, request, rides }: { at: number; request: TurnRequest; rides: boolean },
): Lease {
  const { row, now } = ledger;
  const leaseId = leaseIdOf(request, job.seq);
  const leaseUntil = Math.round(Math.max(now, at) + row.policy.leaseMs);
  const state = {
    kind: 'leased' as const,
    at: leaseUntil,
    leaseId,
    rides,
    ...(at > now ? { sendAt: at } : {}),
  };
  serve(ledger, job, { rides });
  move(ledger, job, state);
  const attempt = job.attempts + 1;
  ledger.events.push({ type: 'attempt', queue: row.name, ticket: job.ticket, attempt, at, ...traceOf(job) });
  return { job: { ...job, state }, leaseId, leaseUntil };
}

interface Promotion {
  promoted: number;
  /** When the next one that is not due yet will be, or may be promoted. */
  nextAt: number | undefined;
}

/** Makes ready what has become due, a bounded number at a time. */
function promoteDue(ledger: Ledger, slots: number, { scheduled, delayed, ready }: Heads): Promotion {
  const first = promote(ledger, scheduled, { slots, retries: slots });
  const hasReady = ready.length + first.promoted > 0;
  const retries = promoteRetries(ledger, delayed, { slots, hasReady });
  return {
    promoted: first.promoted + retries.promoted,
    nextAt: earlier(first.nextAt, retries.nextAt),
  };
}

/** As many as the retry budget allows: jobs that always fail must not crowd out the others. */
function promoteRetries(
  ledger: Ledger,
  delayed: readonly Job[],
  { slots, hasReady }: { slots: number; hasReady: boolean },
): Promotion {
  const { row, now } = ledger;
  const { kind } = row.flow.phase;
  const isProbing = kind === 'probe';
  // What has not failed yet finds out whether the service is there, and how much it takes.
  if (hasReady && (isProbing || kind === 'slow-start')) return { promoted: 0, nextAt: undefined };
  const allowed = isProbing ? slots : Math.floor(retriesLeft(row.flow, now));
  const { promoted, retries, left, nextAt } = promote(ledger, delayed, { slots, retries: allowed });
  if (retries > 0) row.flow = { ...row.flow, budget: budgetAfter(row.flow, now, { sent: retries }) };
  return { promoted, nextAt: left > 0 ? earlier(retryAt(row.flow, now), nextAt) : nextAt };
}

interface Promoted extends Promotion {
  /** How many of them had failed before. */
  retries: number;
  /** Due as well, and left to the budget. */
  left: number;
}

/** What an outage has put off has not failed by itself: to send it is no retry. */
function promote(ledger: Ledger, jobs: readonly Job[], most: { slots: number; retries: number }): Promoted {
  const { now, row } = ledger;
  let [promoted, retries, left] = [0, 0, 0];
  for (const job of jobs) {
    const dueAt = job.state.kind === 'delayed' ? sooner(job.state.at, row, now) : job.state.at;
    if (dueAt > now) return { promoted, retries, left, nextAt: dueAt };
    if (promoted === most.slots) break;
    const isRetry = job.attempts > 0;
    if (isRetry && retries === most.retries) {
      left += 1;
      continue;
    }
    move(ledger, job, { kind: 'ready', at: job.rank });
    promoted += 1;
    if (isRetry) retries += 1;
  }
  return { promoted, retries, left, nextAt: undefined };
}

/** What waits for somebody's word is never claimed, and so would never be found too old. */
async function buryExpiredParked(ledger: Ledger): Promise<void> {
  if (ledger.row.parked === 0) return;
  const range = { ...jobsOf(ledger.row, 'parked', ledger.now), count: EXPIRED_AT_ONCE };
  await buryTooOld(ledger, await ledger.tx.all('jobs', range));
}

const EXPIRED_AT_ONCE = 50;

/** Nothing is put off for longer than this: an instant beyond it was written before the clock went back. */
function sooner(at: number, { policy }: QueueRow, now: number): number {
  const longestMs = Math.max(2 * MAX_FREEZE_MS, policy.backoff.maxMs);
  return at > now + longestMs ? now : at;
}
