import type { Book, KeyEntry } from './book.js';
import { endedRow, type End, type KeyId, type KeyRow } from './key-row.js';
import { policyNow, type QueuePolicy } from './queue-row.js';
import { marginMsOf } from './rate.js';
import { chargeSend, nextSendAt } from './schedule.js';

/** A job that a node may send at the instant (store's clock). */
export interface Claim extends KeyId {
  readonly ticket: string;
  readonly lease: string;
  readonly at: number;
  /** It may leave so much later. */
  readonly marginMs: number;
  /** When the store's clock was read for it. */
  readonly readAt: number;
  /** How often it was tried before. */
  readonly attempts: number;
}

export interface Claimed {
  readonly claims: readonly Claim[];
  /** When the schedule may have an instant for the next job; undefined: no job waits. */
  readonly nextAt: number | undefined;
}

/** The line takes instants no further ahead, so that a holder of a number waits no longer for it. */
const AHEAD_MS = 100;

export interface ClaimOptions {
  /** One for each job that may be claimed. */
  readonly leases: readonly string[];
  /** Instants are no nearer than this. */
  readonly leadMs: number;
}

/** Takes jobs in their order, each with an instant. */
export function claim(book: Book, configured: QueuePolicy, { leases, leadMs }: ClaimOptions): Claimed {
  const policy = policyNow(configured, book.queue);
  recoverExpired(book, policy);
  // Nothing is written where there is nothing to do.
  if (book.queue.isPaused || book.waiting.length === 0) return { claims: [], nextAt: undefined };
  book.readClock(policy.rate);
  const claims: Claim[] = [];
  for (const entry of book.waiting) {
    const lease = leases[claims.length];
    const at = claimableAt(book, policy, leadMs);
    if (lease === undefined || at === undefined) break;
    // An earlier decision of the same transaction may have changed it.
    if (book.key(entry)?.state === 'waiting') claims.push(claimAt(book, entry, { at, lease }, policy));
  }
  const isMore = book.waiting.length > claims.length || claims.length === leases.length;
  if (!isMore) return { claims, nextAt: undefined };
  const { rate } = policy;
  return { claims, nextAt: rate ? nextSendAt(book.queue.schedule, rate) - AHEAD_MS / 2 : book.now };
}

/** The instant for the next job; undefined: it is too far ahead to be claimed now. */
function claimableAt(book: Book, { rate }: QueuePolicy, leadMs: number): number | undefined {
  if (!rate) return book.now;
  const { schedule } = book.queue;
  const next = nextSendAt(schedule, rate);
  return next - schedule.readAt > AHEAD_MS + leadMs ? undefined : Math.max(next, schedule.readAt + leadMs);
}

function claimAt(
  book: Book,
  { identity, key, row }: KeyEntry,
  { at, lease }: { at: number; lease: string },
  { rate, leaseMs }: QueuePolicy,
): Claim {
  if (rate) book.queue = { ...book.queue, schedule: chargeSend(book.queue.schedule, rate, at) };
  book.put({ identity, key }, { ...row, state: 'running', lease, leaseUntil: at + leaseMs });
  const { ticket = '', attempts = 0 } = row.job ?? {};
  const marginMs = rate ? marginMsOf(rate) : Number.POSITIVE_INFINITY;
  return {
    identity,
    key,
    ticket,
    lease,
    at,
    marginMs,
    readAt: rate ? book.queue.schedule.readAt : book.now,
    attempts,
  };
}

/** A node is gone in mid-send. Without `once` its effect may have happened: that is for an operator to say. */
function recoverExpired(book: Book, { afterCrash, keepKeysMs }: QueuePolicy): void {
  for (const { identity, key } of book.expired) {
    const id = { identity, key };
    const row = book.key(id);
    if (!row?.job || row.state !== 'running' || row.leaseUntil > book.now) continue;
    const mayRepeat = row.committed !== undefined || afterCrash === 'repeat';
    if (mayRepeat) book.put(id, { ...row, state: 'waiting' });
    else leave(book, id, { ...row, state: 'unknown', keepUntil: book.now + keepKeysMs });
  }
}

/** Applies the end of a request to its key, and to the counts of the line. */
export function settle(book: Book, end: End): void {
  const row = book.key(end);
  if (!row) return;
  const after = endedRow(row, end, book.now);
  if (after === row) return;
  const id = { identity: end.identity, key: end.key };
  if (after === undefined) book.remove(id);
  else if (isLive(row) && !isLive(after)) leave(book, id, after);
  else if (!isLive(row) && isLive(after)) comeBack(book, id, after);
  else book.put(id, after);
}

/** Extends a lease. False: it is another's by now. */
export function renew(book: Book, id: KeyId, lease: string, leaseMs: number): boolean {
  const row = book.key(id);
  if (row?.state !== 'running' || row.lease !== lease) return false;
  book.put(id, { ...row, leaseUntil: book.now + leaseMs });
  return true;
}

/** A dead job, or one whose outcome is unknown, is tried again. Its operator says that a repeat does no harm. */
export function redrive(book: Book, ticket: string): boolean {
  const entry = book.byTicket(ticket);
  if (!entry || (entry.row.state !== 'dead' && entry.row.state !== 'unknown')) return false;
  const { identity, key, row } = entry;
  const job = row.job && { ...row.job, at: book.now, notBefore: 0, attempts: 0 };
  comeBack(book, { identity, key }, { ...row, state: 'waiting', answer: undefined, job });
  return true;
}

/** An operator says how a request whose outcome is unknown has ended: `not-done` frees its key. */
export function resolve(book: Book, id: KeyId, how: 'done' | 'not-done', keepMs: number): boolean {
  const row = book.key(id);
  if (row?.state !== 'unknown') return false;
  if (how === 'not-done') book.remove(id);
  else book.put(id, { ...row, state: 'done', answer: DONE_BY_HAND, keepUntil: book.now + keepMs });
  return true;
}

/** RFC 9110, 15.3.5: it was done, and there is no content to tell. */
const DONE_BY_HAND = { status: 204, headers: [], body: new Uint8Array() };

function isLive({ job, state }: KeyRow): boolean {
  return job !== undefined && (state === 'waiting' || state === 'running');
}

/** A job that had ended counts against the line again. */
function comeBack(book: Book, id: KeyId, row: KeyRow): void {
  const bytes = book.queue.bytes + (row.job?.bytes ?? 0);
  book.queue = { ...book.queue, jobs: book.queue.jobs + 1, bytes };
  book.put(id, row);
}

/** A job ends: it counts no more against the line. */
function leave(book: Book, id: KeyId, row: KeyRow): void {
  const bytes = book.queue.bytes - (row.job?.bytes ?? 0);
  book.queue = { ...book.queue, jobs: book.queue.jobs - 1, bytes };
  book.put(id, row);
}
