import type { Owner } from './identity.js';
import { MAX_AHEAD_MS } from './pace.js';
import type { QueueRow } from './queue-row.js';

/** A send that is no job's. It holds a place among the sends in flight, as a lease does, until it has ended or by time. */
export interface Pass {
  id: string;
  /** Whose request it is. */
  owner: Owner;
  /** The instant that it was charged for, and the end of its place, in epoch ms. */
  at: number;
  until: number;
}

export interface PassId {
  queue: string;
  id: string;
}

/** A context that ends its send by a timer of its own may be so late. */
export const PASS_GRACE_MS = 1000;

/** The passes of a queue that may be under way. One that is charged further ahead than any was written by another clock. */
export function passesOf({ passes = [] }: Pick<QueueRow, 'passes'>, now: number): Pass[] {
  return passes.filter(({ at, until }) => until > now && at <= now + MAX_AHEAD_MS + PASS_GRACE_MS);
}

/** When the next place becomes free by time. */
export function nextPassEnd(row: Pick<QueueRow, 'passes'>, now: number): number | undefined {
  const ends = passesOf(row, now).map(({ until }) => until);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** Without the pass of this id, and without those that have ended by time. */
export function withoutPass(row: Pick<QueueRow, 'passes'>, now: number, id?: string): Pass[] {
  return passesOf(row, now).filter((pass) => pass.id !== id);
}
