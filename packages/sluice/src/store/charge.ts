import { decide } from '../core/flow/decide.js';
import { sent } from '../core/flow/sent.js';
import type { Job } from '../core/job.js';
import { metered } from '../core/metrics.js';
import { boundingSend, charge, countedAt, nextSendAt, type Pace, refund, unitsOf } from '../core/pace.js';
import { flowConfigOf, marginMsOf } from '../core/policy.js';
import type { QueueRow } from '../core/queue-row.js';
import type { Ledger } from './ledger.js';
import type { Pacer, Pacers } from './pacers.js';
import type { SendRow, Tx } from './rows.js';

/** Sends that stay on record at least, for charts and tests, however small the limit. */
const SENDS_KEPT = 1000;

/** A send that never left is looked for among so many units; further back, its charge stands: slow, and safe. */
const REFUND_REACH = 256;

/** When the flow allows the next send, from `earliest` on, where a slot is free. */
export function flowInstant({ flow, policy }: QueueRow, earliest: number): number {
  const decision = decide(flow, flowConfigOf(policy), earliest, { queued: 1, inFlight: 0 });
  return decision.kind === 'wait' ? decision.until : earliest;
}

/** The first instant from `earliest` on that every rate of a job allows for its send. */
export async function nextInstant(
  tx: Tx,
  pacers: readonly Pacer[],
  { cost, earliest }: { cost: number; earliest: number },
): Promise<number> {
  let at = earliest;
  for (const pacer of pacers) {
    const { rate, pace, by } = pacer;
    const unit = boundingSend(pace, rate, unitsOf(cost, rate));
    const send = unit === undefined ? undefined : await sendThatCovers(tx, pacer, unit);
    const boundAt = send && countedAt(pace, send, by);
    at = nextSendAt(pace, rate, { boundAt, now: at, by });
  }
  return at;
}

/** A send of several units has one row, under the number of its last. Read some at a time: each read is a wait. */
async function sendThatCovers(tx: Tx, pacer: Pacer, unit: number): Promise<SendRow | undefined> {
  const known = pacer.bounds.find(({ n }) => n >= unit);
  if (known) return known;
  const { key } = pacer;
  const range = { from: [key, unit], to: [key, Number.POSITIVE_INFINITY], count: BOUNDS_AT_ONCE };
  pacer.bounds = await tx.all('sends', range);
  return pacer.bounds[0];
}

const BOUNDS_AT_ONCE = 64;

export interface Charge {
  pacers: readonly Pacer[];
  at: number;
  leaseId: string;
  /** In [0, 1). */
  chance: () => number;
}

/**
 * Charges a send to the flow and to every rate of its job; without a rate nothing is bound by it, and it leaves no record.
 *
 * @returns its number, and the last instant at which it may begin
 */
export function chargeSend(
  { tx, row }: Ledger,
  job: Pick<Job, 'idempotencyKey' | 'attempts' | 'cost'>,
  { pacers, at, leaseId, chance }: Charge,
): { n: number; latestAt: number; charged: string[] } {
  const { idempotencyKey, attempts, cost } = job;
  for (const pacer of pacers) {
    const { key, rate, by } = pacer;
    const units = unitsOf(cost, rate);
    pacer.keep(charge(pacer.pace, rate, { at, units, by }));
    const n = pacer.pace.n - 1;
    if (rate) tx.put('sends', { queue: key, n, units, at, idempotencyKey, attempt: attempts + 1, leaseId });
  }
  // Without a rate of its own a queue adapts in sends, whatever they cost elsewhere.
  const sends = row.policy.rate ? unitsOf(cost, row.policy.rate) : 1;
  row.flow = sent(row.flow, flowConfigOf(row.policy), at, sends, chance);
  row.counts.sends += 1;
  row.isPassed = false;
  row.metrics = { ...row.metrics, dispatches: metered(row.metrics.dispatches, at) };
  const margins = pacers.map(({ rate }) => (rate ? marginMsOf(rate) : Number.POSITIVE_INFINITY));
  const charged = pacers.map(({ key }) => key);
  return { n: row.pace.n - 1, latestAt: at + Math.min(...margins), charged };
}

/** Forgets the sends that bound no other any more. */
export function trimSends(tx: Tx, pacers: readonly Pacer[]): void {
  for (const { key, rate, pace } of pacers) {
    if (rate)
      tx.deleteAll('sends', { from: [key], to: [key, pace.n - 1 - Math.max(rate.limit, SENDS_KEPT)] });
  }
}

/** Takes back the charges of sends that never left, by their leases; that of a batch was made for its first job. */
export async function refundUnsent(
  { tx, row }: Ledger,
  pacers: Pacers,
  leaseIds: readonly string[],
): Promise<void> {
  const unsent = new Set(leaseIds);
  if (unsent.size === 0) return;
  for (const pacer of [pacers.own, ...pacers.byOrigin.values()]) {
    const refunded = pacer.rate ? await refundAll(tx, pacer, unsent) : unsent.size;
    if (pacer === pacers.own) row.counts.sends -= refunded;
  }
}

/** Looks anew as long as it finds some: a few of a great cost fill its reach. */
async function refundAll(tx: Tx, pacer: Pacer, unsent: ReadonlySet<string>): Promise<number> {
  let refunded = 0;
  for (let found = 1; found > 0 && refunded < unsent.size; refunded += found) {
    found = await refundSends(tx, pacer, unsent);
  }
  return refunded;
}

/**
 * Takes sends off the record, in one pass: a slow machine may have a hundred of them at once. Those after them, which another
 * queue of the same destination may have charged, move up.
 *
 * @returns how many were on record
 */
async function refundSends(tx: Tx, pacer: Pacer, unsent: ReadonlySet<string>): Promise<number> {
  const { key, rate, pace } = pacer;
  const from = Math.max(pace.since, pace.n - REFUND_REACH);
  const rows = await tx.all('sends', { from: [key, from], to: [key, Number.POSITIVE_INFINITY] });
  const gone = rows.filter(({ leaseId }) => unsent.has(leaseId));
  const [first] = gone;
  if (!first) return 0;
  const kept = rows.filter((send) => send.n > first.n && !gone.includes(send));
  tx.deleteAll('sends', { from: [key, first.n], to: [key, Number.POSITIVE_INFINITY] });
  for (const send of kept) {
    const before = gone.filter(({ n }) => n < send.n);
    tx.put('sends', { ...send, n: before.reduce((n, { units }) => n - units, send.n) });
  }
  const without = (left: Pace, { n, units }: SendRow): Pace => {
    const later = kept.filter((send) => send.n > n);
    return refund(left, rate, units, later);
  };
  pacer.keep(gone.reduceRight(without, pace));
  return gone.length;
}
