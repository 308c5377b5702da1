import { isSuccess, type StoredAnswer } from './answer.js';
import type { LineJob } from './line-job.js';

/**
 * A key as the store keeps it. One row is one request, with all its repeats.
 * - `waiting`: it stands in the line
 * - `running`: a request with it was let through, and holds it under a lease
 * - `done`: it has its answer
 * - `unknown`: its lease ended without an answer: the effect may have happened
 * - `dead`: the line has given it up
 */
export interface KeyRow {
  readonly fingerprint: string;
  readonly state: KeyState;
  readonly lease: string;
  /** Store's clock, epoch ms. */
  readonly leaseUntil: number;
  /** Store's clock, epoch ms. */
  readonly keepUntil: number;
  /** JSON that `once` has committed together with its effect. */
  readonly committed: string | undefined;
  readonly answer: StoredAnswer | undefined;
  /** Of a request that the line has accepted. */
  readonly job: LineJob | undefined;
}

export type KeyState = 'waiting' | 'running' | 'done' | 'unknown' | 'dead';

/** A key of one caller in one queue. */
export interface KeyId {
  readonly identity: string;
  readonly key: string;
}

/** One string for both parts: no identity holds a NUL. */
export function textOfId({ identity, key }: KeyId): string {
  return `${identity}\0${key}`;
}

/** How a request that was let through has ended. */
export type End = KeyId & { readonly lease: string; readonly keepMs: number } & (
    | { readonly kind: 'answered'; readonly answer: StoredAnswer }
    /** The service has not done it, or was never asked. */
    | { readonly kind: 'released' }
    /** A job of the line is tried again, no earlier than at the instant (store's clock). */
    | { readonly kind: 'retry'; readonly notBefore: number }
    /** A job of the line is given up. */
    | { readonly kind: 'dead'; readonly answer: StoredAnswer | undefined }
  );

/**
 * The row after an end; undefined: the key is free again. A lease that another has taken over changes nothing, but a success is a fact. One
 * that is over still tells what has happened, as long as that is unknown.
 */
export function endedRow(row: KeyRow, end: End, now: number): KeyRow | undefined {
  const isOpen = row.state === 'running' || row.state === 'unknown';
  const isHolder = isOpen && row.lease === end.lease;
  if (end.kind === 'answered') {
    const counts = row.state !== 'done' && (isHolder || isSuccess(end.answer.status));
    return counts ? { ...row, state: 'done', answer: end.answer, keepUntil: now + end.keepMs } : row;
  }
  if (!isHolder) return row;
  if (end.kind === 'dead') return { ...row, state: 'dead', answer: end.answer, keepUntil: now + end.keepMs };
  if (end.kind === 'released') return releasedRow(row);
  return waitingRow(row, end.notBefore, 1);
}

/** With an effect committed, the next request has to find that: its lease is over, and the key stays. */
function releasedRow(row: KeyRow): KeyRow | undefined {
  if (row.job) return waitingRow(row, row.job.notBefore, 0);
  return row.committed === undefined ? undefined : { ...row, leaseUntil: 0 };
}

/** A job is back in the line. A retry stands where its time is: nothing that is due waits behind it. */
function waitingRow(row: KeyRow, notBefore: number, attempts: number): KeyRow {
  if (!row.job) return row;
  const at = Math.max(row.job.at, notBefore);
  const job = { ...row.job, at, notBefore, attempts: row.job.attempts + attempts };
  return { ...row, state: 'waiting', job };
}
