import { sent } from '../core/flow/sent.js';
import type { FirstTry, Job } from '../core/job.js';
import { flowConfigOf } from '../core/policy.js';
import type { DirectTurn, Trying } from '../core/ports.js';
import { waitingOf } from '../core/queue-row.js';
import { type Instant, settle } from '../core/settle.js';
import { openingOf } from '../core/turn.js';
import { chargeSend, flowInstant, nextInstant, trimSends } from './charge.js';
import { bury, entryState, type Ledger, move } from './ledger.js';
import { openPacers, pacersOf } from './pacers.js';
import type { Database } from './rows.js';
import { tellOfQueue, UNANSWERED } from './settle.js';

/** A slot so near is a slot now. */
const NEAR_MS = 25;

/**
 * Charges a try that is made before anything is stored; undefined where the request has to queue: no slot now, or
 * something waits ahead of it.
 */
export function chargeFirstTry(
  database: Database,
  { queue, url, orderingKey, idempotencyKey }: Trying,
  { now, chance }: Instant,
): Promise<DirectTurn | undefined> {
  const tables = ['jobs', 'queues', 'sends', 'paces'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    if (!row || openingOf(row, now).kind !== 'open') return undefined;
    const ledger: Ledger = { tx, row, now, events: [] };
    if (await isBehind(ledger, orderingKey)) return undefined;
    const pacers = pacersOf(await openPacers(ledger, { clockJumped: false }), url);
    const at = await nextInstant(tx, pacers, { cost: 1, earliest: flowInstant(row, now) });
    if (at > now + NEAR_MS) return undefined;
    const send = { cost: 1, idempotencyKey, attempts: 0 };
    const { latestAt } = chargeSend(ledger, send, { pacers, at, leaseId: 'first-try' });
    trimSends(tx, pacers);
    row.flow = sent(row.flow, flowConfigOf(row.policy), at, { n: 1, retries: 0 }, chance);
    tx.put('queues', row);
    return { at, latestAt };
  });
}

/** It never overtakes: with an ordering key, what is live of it; without, what waits in the queue. */
async function isBehind(ledger: Ledger, orderingKey: string | undefined): Promise<boolean> {
  if (orderingKey === undefined) return waitingOf(ledger.row) > 0;
  const state = await entryState(ledger, { owner: ledger.row.owner, rank: 0, orderingKey });
  return state.kind === 'behind';
}

/** What came of the try that a job was stored after: as if it had been claimed and settled. */
export async function settleFirstTry(
  ledger: Ledger,
  job: Job,
  { end, sentAt, endedAt, chance }: FirstTry,
): Promise<void> {
  const { row, now } = ledger;
  const settlement = { seq: job.seq, leaseId: 'first-try', n: 0, sentAt, endedAt, end };
  const settled = settle(row, job, settlement, { now, chance });
  tellOfQueue(ledger, settled);
  Object.assign(row, settled.queue);
  const mayHaveArrived = UNANSWERED.has(end.kind) ? { mayHaveArrived: true as const } : {};
  const tried = { ...job, ...mayHaveArrived, attempts: settled.attempts };
  const { next } = settled;
  if (next.kind === 'dead') await bury(ledger, tried, { reason: next.reason, detail: next.detail });
  else if (next.kind === 'delayed' && job.state.kind === 'ready')
    move(ledger, tried, { kind: 'delayed', at: Math.round(next.at) });
  else move(ledger, tried, job.state);
}
