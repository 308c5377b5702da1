import type { AttemptEnd } from './attempt.js';
import type { Failing } from './failing.js';
import type { Owner } from './identity.js';
import type { JobOptions } from './job-options.js';
import type { PassId } from './pass.js';

/** The id of a job, as the page holds it: `queue.seq.nonce`. Opaque to users, survives a reload. */
export type Ticket = string;

/** Header pairs in their order: an object would lose repeated names and trip over `__proto__`. */
export type HeaderPairs = [name: string, value: string][];

/** Header values that do not stand in storage in clear. */
export type Secrets =
  | { kind: 'none' }
  | { kind: 'dropped'; names: string[] }
  /** `scope`: it opens at any URL of its origin, since `rewrite` may give it another. */
  | ({ kind: 'sealed'; scope?: 'origin' } & Sealed)
  /** All of the request is: what stands in clear is its method, its origin and how it is sent, and is bound to the seal. */
  | ({ kind: 'sealed-all' } & Sealed);

/** AES-GCM. */
export interface Sealed {
  iv: Uint8Array;
  bytes: ArrayBuffer;
}

/** A request as it is stored: everything but its body. */
export interface StoredRequest {
  url: string;
  method: string;
  headers: HeaderPairs;
  secrets: Secrets;
  mode: string;
  credentials: string;
  cache: string;
  redirect: string;
  referrer: string;
  referrerPolicy: string;
  integrity: string;
}

/** What the service answered, as it is kept. `body` is absent when there was none or when it was over the cap. */
export interface Answer {
  status: number;
  statusText: string;
  headers: HeaderPairs;
  body?: ArrayBuffer;
  bodyOmitted: boolean;
  /** Where the answer came from, after a redirect; both are absent without one. */
  url?: string;
  redirected?: boolean;
  /** Status text and headers, where the queue seals all, and the URL; the body is sealed then, too. */
  sealed?: Sealed;
}

export type DeadReason =
  | 'rejected'
  | 'conflict'
  | 'attempts'
  | 'expired'
  | 'orphaned'
  | 'unknown'
  | 'unreadable'
  /** What it was to come after was cancelled, or could not be put into it. */
  | 'after';

/**
 * Replaced: a newer one of its dedupe key took its place. Merged: the newer one has taken it in, or undone it. Cleared: with
 * all of its queue, or of its user.
 */
export type CancelReason = 'user' | 'shed' | 'replaced' | 'merged' | 'cleared';

/**
 * Where a live or dead job stands. `at` is what its state is ordered by: the rank of a ready job, 0 for one behind (then
 * `seq` decides), the due instant, the end of a parked job's time to live, the end of a lease, the instant of death.
 * The first five are the ways of waiting: now, after the head of its ordering key, until it may be sent at all, until it
 * is sent again, and until somebody says so.
 */
export type JobState =
  | { kind: 'ready'; at: number }
  | { kind: 'behind'; at: 0 }
  | { kind: 'scheduled'; at: number }
  | { kind: 'delayed'; at: number }
  | { kind: 'parked'; at: number; why: 'held' | 'after'; behind: boolean }
  | Leased
  | { kind: 'dead'; at: number; reason: DeadReason; detail: string };

export interface Leased {
  kind: 'leased';
  at: number;
  leaseId: string;
  /** Its engine is to let go of it, to give it back or to cancel it. */
  recall?: 'return' | CancelReason;
  /** In a batch, and not its first. */
  rides: boolean;
  /** Its send does not begin before, where that is later than the claim. */
  sendAt?: number;
  /** Its page was left in mid-send, and the service worker waits for the answer: this lease ends by time alone. */
  carried?: true;
}

/** The ways of waiting. */
export const WAITING_KINDS = ['ready', 'delayed', 'behind', 'scheduled', 'parked'] as const;

/** A stored request. */
export interface Job {
  queue: string;
  owner: Owner;
  /** Its place in the queue. Never changes: a nacked or redriven job keeps it. */
  seq: number;
  ticket: Ticket;
  state: JobState;
  /** Where it stands in line, see line.ts. Given once: a nacked or redriven job keeps it. */
  rank: number;
  priority: number;
  /** What its send takes of the rate. */
  cost: number;
  fairnessKey?: string;
  /** Not sent before this instant. */
  notBefore?: number;
  dedupeKey?: string;
  /** The job that it waits for, while it does. */
  after?: Ticket;
  orderingKey?: string;
  /** The ordering key while the job is live, absent once dead: the index over it sees live jobs only. */
  chain?: string;
  /** Where it stands within its ordering key: its `seq`, or that of the job whose place it took. */
  link: number;
  /** It was sent, and the service may have done it: no answer came, or a failure. Stays, since a later answer says nothing of it. */
  mayHaveArrived?: true;
  idempotencyKey: string;
  enqueuedAt: number;
  expiresAt: number;
  /** Sends that may have reached the service and that count towards `maxAttempts`. */
  attempts: number;
  /** While its last end was that of an outage. */
  failing?: Failing | undefined;
  /** Leases whose engine was lost. Counted apart: a job that kills its engine must not live for ever. */
  orphans: number;
  request: StoredRequest;
  bodyBytes: number;
  /** Where it is small; a larger one has a row of its own. */
  body?: ArrayBuffer;
  /** Why it waits again, once it was sent or about to be. */
  lastDetail?: string;
  /** The last thing the service said, for whoever looks at a dead letter. */
  lastAnswer?: Answer;
}

/** A job about to be stored: the transaction gives it its place. */
export interface JobDraft {
  queue: string;
  /** Who was signed in when it was captured, as its context knew it. */
  owner: Owner;
  /** Epoch ms; of somebody who had signed out a while before, its context has missed that. */
  capturedAt?: number;
  nonce: string;
  idempotencyKey: string;
  request: StoredRequest;
  body?: ArrayBuffer;
  options: JobOptions;
  /** What becomes of an older job of the same dedupe key that still waits. Without it, the newer request is a duplicate. */
  coalesce?: Coalesce;
  /** It was tried before it was stored: this came of it. */
  firstTry?: FirstTry;
}

export interface FirstTry {
  /** Its place among the sends in flight. */
  pass: PassId;
  end: AttemptEnd;
  sentAt: number;
  endedAt: number;
  credentials: number;
  /** In [0, 1). */
  chance: () => number;
}

/** A request and its body, as they stand in the store. */
export interface Stored {
  request: StoredRequest;
  body: ArrayBuffer | undefined;
}

/** Called inside the transaction. @throws whatever the function of the user throws */
export type Coalesce = (previous: Stored, next: Stored) => Coalesced;

/** What becomes of a job once the one that it comes after is done. As above. */
export type Rewrite = (stored: Stored, prior: Answer) => Stored;

/** The newer one takes the place of the older, with its own body or a merged one; or the two undo each other. */
export type Coalesced = { kind: 'replaced' | 'merged'; body: ArrayBuffer | undefined } | { kind: 'undone' };

/** How a job that left the queue ended. Kept apart from jobs until it expires. */
export interface Result {
  queue: string;
  owner: Owner;
  seq: number;
  ticket: Ticket;
  method: string;
  url: string;
  /** Where it stands in lists, by kind and instant. */
  end: { kind: 'done'; at: number; answer: Answer } | { kind: 'cancelled'; at: number; reason: CancelReason };
  expiresAt: number;
}

/** Ready, or not before its instant. */
export function stateInTurn({ rank, notBefore = 0 }: Pick<Job, 'rank' | 'notBefore'>, now: number): JobState {
  return notBefore > now ? { kind: 'scheduled', at: notBefore } : { kind: 'ready', at: rank };
}

/** Parked, in its place: what is behind it in its ordering key waits on. */
export function parked(
  { state, expiresAt }: Pick<Job, 'state' | 'expiresAt'>,
  why: 'held' | 'after',
): JobState {
  return { kind: 'parked', at: expiresAt, why, behind: state.kind === 'behind' };
}

export function ticketOf(queue: string, seq: number, nonce: string): Ticket {
  return `${queue}.${seq}.${nonce}`;
}

/** The row key that a ticket names, or undefined for a string that is no ticket. */
export function parseTicket(ticket: Ticket): { queue: string; seq: number } | undefined {
  const parts = /^([\w-]+)\.(\d+)\.[\w-]+$/.exec(ticket);
  return parts?.[1] && parts[2] ? { queue: parts[1], seq: Number(parts[2]) } : undefined;
}

/** The headers of a row, as far as they are any: one that was tampered with must not stop a transaction of others. */
export function headersOf({ headers }: StoredRequest): HeaderPairs {
  if (!Array.isArray(headers)) return [];
  return headers.filter((pair) => isPair(pair));
}

export function isPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
}

/** The bytes that a job is charged for: body, URL and headers, in UTF-16 as the store keeps them. */
export function bytesOf(request: StoredRequest, bodyBytes: number): number {
  const characters = headersOf(request).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    [request.url].join('').length,
  );
  return bodyBytes + 2 * characters;
}
