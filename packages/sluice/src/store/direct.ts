import { MAX_AHEAD_MS, unusedAt } from '../core/pace.js';
import { PASS_GRACE_MS, passesOf } from '../core/pass.js';
import type { DirectTurn, Trying } from '../core/ports.js';
import { type QueueRow, waitingOf } from '../core/queue-row.js';
import type { Instant } from '../core/settle.js';
import { openingOf } from '../core/turn.js';
import { chargeSend, flowInstant, nextInstant, trimSends } from './charge.js';
import { entryState, type Ledger } from './ledger.js';
import { openPacers, pacersOf } from './pacers.js';
import { type Database, jobsOf, type Plan } from './rows.js';
import { findTwinRow } from './twins.js';

/** Of a context that may have no engine. */
export interface DirectInstant extends Instant {
  /** What is charged by a clock; another may be wrong. */
  by: string;
  /** The clock was set since it last charged a send of this queue. */
  clockJumped: boolean;
}

/** A slot so near is a slot now. */
const NEAR_MS = 25;

/** Charges what a full queue lets through; undefined where it has to be refused. */
export function chargeDirect(
  database: Database,
  send: Pick<Trying, 'queue' | 'url' | 'cost' | 'pass' | 'owner'>,
  instant: DirectInstant,
): Promise<DirectTurn | undefined> {
  const tables = ['jobs', 'queues', 'sends', 'paces'] as const;
  const ids = { idempotencyKey: 'direct', leaseId: 'direct' };
  const timeoutMs = ({ policy }: QueueRow): number => policy.timeoutMs;
  return charge(database, { ...send, ...ids, timeoutMs, withinMs: reachMsOf, tables }, instant, () => true);
}

/** How far ahead a slot may be: after one that passed by, those to come are for whatever waits. */
function reachMsOf(row: QueueRow): number {
  return row.isPassed && waitingOf(row) > 0 ? 0 : MAX_AHEAD_MS;
}

/**
 * What was accepted goes first, or it would never go: an engine claims shortly before a slot comes, and whoever passes by may
 * ask at any time. So after one that passed by the next send is that of a job, if one is ready. No race for the slot decides,
 * since engines wake late and clocks differ; an engine that leaves a whole window unused is not there.
 */
async function isTurnOfJobs({ tx, row, now }: Ledger): Promise<boolean> {
  if (!row.isPassed || now >= unusedAt(row.pace, row.policy.rate)) return false;
  return (await tx.all('jobs', { ...jobsOf(row, 'ready'), count: 1 })).length > 0;
}

/**
 * Charges a try that is made before anything is stored; undefined where the request has to queue: no slot now, or
 * something waits ahead of it, or stands for the same thing.
 */
export function chargeFirstTry(
  database: Database,
  { orderingKey, dedupeKey, coalesces, firstTryMs, ...trying }: Trying,
  instant: DirectInstant,
): Promise<DirectTurn | undefined> {
  const twins = dedupeKey === undefined ? [] : (['twins'] as const);
  const tables = ['jobs', 'queues', 'sends', 'paces', ...twins] as const;
  const timeoutMs = (): number => firstTryMs;
  const send = { ...trying, leaseId: 'first-try', timeoutMs, withinMs: () => NEAR_MS, tables };
  return charge(
    database,
    send,
    instant,
    async (ledger) =>
      !(await isBehind(ledger, orderingKey)) && !(await isKnown(ledger, { dedupeKey, coalesces })),
  );
}

/** It never overtakes: with an ordering key, what is live of it; without, what waits in the queue. */
async function isBehind(ledger: Ledger, orderingKey: string | undefined): Promise<boolean> {
  if (orderingKey === undefined) return waitingOf(ledger.row) > 0;
  const state = await entryState(ledger, { owner: ledger.row.owner, rank: 0, orderingKey });
  return state.kind === 'behind';
}

/** A job stands for the same thing: also one that has ended, unless the newer one would take its place. */
async function isKnown(
  ledger: Ledger,
  { dedupeKey, coalesces }: Pick<Trying, 'dedupeKey' | 'coalesces'>,
): Promise<boolean> {
  const { tx, row } = ledger;
  const twin = await findTwinRow(ledger, row.owner, dedupeKey);
  if (!twin || !coalesces) return twin !== undefined;
  return (await tx.get('jobs', [row.name, twin.seq])) !== undefined;
}

type Passing = Pick<Trying, 'queue' | 'url' | 'cost' | 'pass' | 'owner' | 'idempotencyKey'>;

interface Send extends Passing, Pick<Plan, 'tables'> {
  leaseId: string;
  timeoutMs: (row: QueueRow) => number;
  withinMs: (row: QueueRow) => number;
}

/** Charges a send that is no job, as if it were one: the service must not feel the difference. */
function charge(
  database: Database,
  { queue, url, cost = 1, idempotencyKey, leaseId, timeoutMs, withinMs, tables, ...passing }: Send,
  { now, chance, clockJumped, by }: DirectInstant,
  isAllowed: (ledger: Ledger) => boolean | Promise<boolean>,
): Promise<DirectTurn | undefined> {
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    // In the same transaction as the charge: who signs in later sees its place, and waits for its end.
    if (!row || row.owner !== passing.owner) return undefined;
    const ledger: Ledger = { tx, row, now, events: [] };
    const stored = row.pace;
    const opened = await openPacers(ledger, { clockJumped, by });
    // Stored at once, also where nothing is charged: a window that counts as full anew at each look would never open.
    if (row.pace !== stored) tx.put('queues', row);
    if (openingOf(row, now).kind !== 'open' || (await isTurnOfJobs(ledger))) return undefined;
    if (!(await isAllowed(ledger))) return undefined;
    const pacers = pacersOf(opened, url);
    const at = await nextInstant(tx, pacers, { cost, earliest: flowInstant(row, now) });
    if (at > now + withinMs(row)) return undefined;
    const send = { cost, idempotencyKey, attempts: 0 };
    const { latestAt, charged } = chargeSend(ledger, send, { pacers, at, leaseId, chance });
    const until = at + timeoutMs(row);
    const pass = { id: passing.pass, owner: passing.owner, at, until: until + PASS_GRACE_MS };
    row.passes = [...passesOf(row, now), pass];
    row.isPassed = true;
    trimSends(tx, pacers);
    tx.put('queues', row);
    return { at, latestAt, charged, until, credentials: row.credentials ?? 0, pass: { queue, id: pass.id } };
  });
}
