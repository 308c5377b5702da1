import type { AttemptEnd, Settlement } from './attempt.js';
import { backoffMs } from './backoff.js';
import { type Failing, failingAfter, failsByItself, hasLivedSince } from './failing.js';
import { afterRetry, observe, type Outcome } from './flow/observe.js';
import type { Flow } from './flow/state.js';
import type { CancelReason, DeadReason, Job } from './job.js';
import { flowConfigOf, type QueuePolicy } from './policy.js';
import type { PassEnd } from './ports.js';
import type { QueueRow } from './queue-row.js';
import { underWay } from './turn.js';
import { mayHaveArrived, type Verdict, verdictOn } from './verdict.js';

/** Where a verdict takes a job. */
export type NextPlace =
  | { kind: 'done' }
  | { kind: 'ready' }
  | { kind: 'delayed'; at: number; detail: string }
  | { kind: 'dead'; reason: DeadReason; detail: string }
  | { kind: 'cancelled'; reason: CancelReason };

/** What a settle makes of a job and of its queue. */
export interface Settled {
  next: NextPlace;
  attempts: number;
  failing: Failing | undefined;
  /** The service may have done it, though it was not delivered. */
  mayHaveArrived: boolean;
  queue: Pick<QueueRow, 'flow' | 'awaitsSignIn' | 'batchMax' | 'blocked'>;
}

export interface Instant {
  now: number;
  /** In [0, 1). */
  chance: () => number;
}

/** The verdict on one settlement, applied: pure, so that the transaction around it only reads and writes rows. */
export function settle(row: QueueRow, job: Job, settlement: Settlement, instant: Instant): Settled {
  const verdict = verdictOfOne(settlement, row.policy);
  const queue = queueAfter(row, { job, settlement, instant }, verdict);
  const isSplit = isTooLarge(settlement);
  const isCounted = !isSplit && isSpent(verdict, job, { before: row.flow, after: queue.flow });
  const attempts = job.attempts + (isCounted ? 1 : 0);
  const failing = failingOf(job, verdict, row.flow, instant.now);
  const recall = job.state.kind === 'leased' ? job.state.recall : undefined;
  const facts = { verdict: isSplit ? GIVE_BACK : verdict, attempts, failing, recall };
  const next = placeAfter(row, facts, instant);
  return { next, attempts, failing, mayHaveArrived: mayHaveArrived(settlement.end, verdict), queue };
}

const MINUTE_MS = 60_000;
const GIVE_BACK: Verdict = { kind: 'give-back' };

/** Where one part of a batch is told to slow down and the request as a whole was not, it waits for itself. */
function verdictOfOne({ end, batch }: Settlement, policy: QueuePolicy): Verdict {
  const verdict = verdictOn(end, policy);
  if (verdict.kind !== 'freeze' || !batch || verdictOn(batch.whole, policy).kind === 'freeze') return verdict;
  return { kind: 'nack', outage: false, waitMs: 0, detail: 'its part of the batch was turned away' };
}

/** What a request tells of the service: that of a batch once, by its first job. Any of its parts may ask for a sign-in. */
function queueAfter(row: QueueRow, { job, settlement, instant }: Told, own: Verdict): Settled['queue'] {
  const { flow, batchMax, policy, credentials = 0 } = row;
  const { batch, end } = settlement;
  const isRefused = own.kind === 'sign-in' && settlement.credentials === credentials;
  const awaitsSignIn = row.awaitsSignIn || isRefused;
  const whole = batch?.whole ?? end;
  const blocked = blockedAfter(row, job, whole);
  const endsRetry = job.attempts > 0 && (own.kind === 'ack' || own.kind === 'dead');
  if (batch && batch.index > 0) {
    const after = endsRetry ? afterRetry(flow, instant.now) : flow;
    return { flow: after, awaitsSignIn, batchMax, blocked };
  }
  // That nothing may be repeated is about the job: the service is gone all the same.
  const verdict = verdictOn(whole, { ...policy, repeat: 'always' });
  const outcome = outcomeOf(whole, verdict, { endsRetry, settlement, policy });
  // What a job does by itself says nothing of the service, but that a probe has not found it.
  const isOwn = flow.phase.kind !== 'probe' && failsByItself(job.failing, flow);
  if (isOwn && outcome.kind === 'outage') outcome.kind = 'ignored';
  const { now, chance } = instant;
  const observed = observe(flow, flowConfigOf(policy), now, outcome, underWay(row, now) - 1, chance);
  return {
    flow: verdict.kind === 'freeze' ? frozen(observed, whole, { policy, now, chance }) : observed,
    awaitsSignIn,
    batchMax: batchMaxAfter(row, settlement),
    blocked,
  };
}

/** Told until that origin is heard to answer. */
function blockedAfter({ blocked }: QueueRow, { request }: Told['job'], end: AttemptEnd): QueueRow['blocked'] {
  // A row may have been tampered with.
  const origin = URL.canParse(request.url) ? new URL(request.url).origin : '';
  if (end.kind === 'blocked' && end.by === 'cors') return { origin, detail: end.detail };
  return end.kind === 'answer' && blocked?.origin === origin ? undefined : blocked;
}

/** What the end of a send that is no job's tells of the service: that alone. The page has its answer, and asks nobody to sign in. */
export function flowAfterPass(row: QueueRow, { end, sentAt }: PassEnd, instant: Instant): Flow {
  const unnumbered = { seq: 0, ticket: '', leaseId: '', n: 0, credentials: 0 };
  const settlement = { ...unnumbered, end, sentAt, endedAt: instant.now };
  return queueAfter(row, { job: FRESH, settlement, instant }, GIVE_BACK).flow;
}

const FRESH: Told['job'] = { attempts: 0, request: { url: '' } };

interface Told {
  job: Pick<Job, 'attempts' | 'failing'> & { request: Pick<Job['request'], 'url'> };
  settlement: Settlement;
  instant: Instant;
}

function outcomeOf(
  end: AttemptEnd,
  verdict: Verdict,
  {
    endsRetry,
    settlement,
    policy,
  }: Pick<Outcome, 'endsRetry'> & { settlement: Settlement; policy: QueuePolicy },
): Outcome {
  const { sentAt, endedAt } = settlement;
  const hint = end.kind === 'answer' ? end.hint : undefined;
  return {
    kind: kindOf(end, verdict),
    sentAt,
    // Where the clock has jumped between the two, no answer took that long.
    rttMs: Math.min(Math.max(0, endedAt - sentAt), policy.timeoutMs),
    endsRetry,
    ...(hint ? { hint } : {}),
  };
}

function kindOf({ kind }: AttemptEnd, verdict: Verdict): Outcome['kind'] {
  const isAnswered = kind === 'answer' || kind === 'hidden';
  if (verdict.kind === 'ack') return 'accepted';
  if (verdict.kind === 'freeze') return 'rejected';
  if (verdict.kind === 'nack' && verdict.outage) return 'outage';
  if (!isAnswered) return 'ignored';
  return verdict.kind === 'nack' ? 'failed' : 'final';
}

/** Told to slow down and not until when: a queue that does not adapt its rate holds for its own backoff instead. */
function frozen(
  flow: Flow,
  end: AttemptEnd,
  { policy, now, chance }: { policy: QueuePolicy; now: number; chance: () => number },
): Flow {
  const isTold = end.kind === 'answer' && (end.hint?.notBeforeMs ?? 0) > 0;
  if (isTold || policy.adaptive) return flow;
  const holdMs = policy.backoff.baseMs + backoffMs(flow.cut.streak, policy.backoff, chance());
  return { ...flow, gateUntil: Math.max(flow.gateUntil, Math.round(now + holdMs)) };
}

/** A batch that the service found too large comes back as halves; each success makes the next one larger by one. */
function batchMaxAfter({ batchMax, policy }: QueueRow, settlement: Settlement): number | null {
  const { batch } = settlement;
  if (batch && isTooLarge(settlement)) return Math.max(1, Math.floor(batch.size / 2));
  if (batchMax === null || settlement.end.kind !== 'answer') return batchMax;
  const grown = batchMax + 1;
  return policy.batch && grown < policy.batch.max ? grown : null;
}

function isTooLarge({ batch }: Settlement): boolean {
  return batch?.whole.kind === 'answer' && batch.whole.answer.status === 413;
}

/**
 * An outage kills no job: once the queue probes, a failure is the service's, not the job's. One that fails by itself spends an
 * attempt each time that the service has answered others in between.
 */
function isSpent(
  verdict: Verdict,
  { failing }: Job,
  { before, after }: { before: Flow; after: Flow },
): boolean {
  if (verdict.kind !== 'nack') return verdict.kind === 'ack' || verdict.kind === 'dead';
  if (verdict.isSlow || !verdict.outage) return true;
  if (failsByItself(failing, before)) return hasLivedSince(failing, before);
  return before.phase.kind !== 'probe' && after.phase.kind !== 'probe';
}

/** Any answer but that of an outage ends it; what never left, or was stopped, says nothing. */
function failingOf({ failing }: Job, verdict: Verdict, flow: Flow, now: number): Failing | undefined {
  if (verdict.kind === 'give-back') return failing;
  return verdict.kind === 'nack' && verdict.outage ? failingAfter(failing, flow, now) : undefined;
}

interface Facts {
  verdict: Verdict;
  attempts: number;
  failing: Failing | undefined;
  recall: 'return' | CancelReason | undefined;
}

function placeAfter(
  row: QueueRow,
  { verdict, attempts, failing, recall }: Facts,
  instant: Instant,
): NextPlace {
  if (verdict.kind === 'ack') return { kind: 'done' };
  if (verdict.kind === 'dead') return { kind: 'dead', reason: verdict.reason, detail: verdict.detail };
  if (recall !== undefined && recall !== 'return') return { kind: 'cancelled', reason: recall };
  if (verdict.kind !== 'nack') return { kind: 'ready' };
  if (attempts >= row.policy.maxAttempts)
    return {
      kind: 'dead',
      reason: 'attempts',
      detail: `gave up after ${attempts} attempts: ${verdict.detail}`,
    };
  const delayMs = backoffMs(Math.max(1, attempts, failing?.own ?? 0), row.policy.backoff, instant.chance());
  const slowMs = verdict.isSlow ? Math.min(MINUTE_MS * 2 ** (Math.max(1, attempts) - 1), 60 * MINUTE_MS) : 0;
  const waitMs = Math.max(verdict.waitMs, delayMs, slowMs);
  return { kind: 'delayed', at: instant.now + waitMs, detail: verdict.detail };
}
