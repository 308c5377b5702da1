/** The id of a job, as the page holds it: `queue.seq.nonce`. Opaque to users, survives a reload. */
export type Ticket = string;

/** Header pairs in their order: an object would lose repeated names and trip over `__proto__`. */
export type HeaderPairs = [name: string, value: string][];

/** Header values that do not stand in storage in clear. */
export type Secrets =
  | { kind: 'none' }
  | { kind: 'dropped'; names: string[] }
  | { kind: 'sealed'; iv: Uint8Array; bytes: ArrayBuffer };

/** A request as it is stored: everything but its body, which has a row of its own. */
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
}

export type DeadReason =
  | 'rejected'
  | 'conflict'
  | 'attempts'
  | 'expired'
  | 'orphaned'
  | 'unknown'
  | 'unreadable';

export type CancelReason = 'user' | 'shed';

/**
 * Where a live or dead job stands. `at` is what its state is ordered by: 0 for ready and behind (then `seq` decides),
 * the due instant of a delayed job, the end of a lease, the instant of death.
 * Ready, delayed and behind are the three ways of waiting: now, later, and after the head of its ordering key.
 */
export type JobState =
  | { kind: 'ready'; at: 0 }
  | { kind: 'behind'; at: 0 }
  | { kind: 'delayed'; at: number }
  | { kind: 'leased'; at: number; leaseId: string; cancelled: boolean }
  | { kind: 'dead'; at: number; reason: DeadReason; detail: string };

/** A stored request. */
export interface Job {
  queue: string;
  /** Its place in the queue. Never changes: a nacked or redriven job keeps it. */
  seq: number;
  ticket: Ticket;
  state: JobState;
  orderingKey?: string;
  /** The ordering key while the job is live, absent once dead: the index over it sees live jobs only. */
  chain?: string;
  idempotencyKey: string;
  enqueuedAt: number;
  expiresAt: number;
  /** Sends that may have reached the service and that count towards `maxAttempts`. */
  attempts: number;
  /** Leases whose engine was lost. Counted apart: a job that kills its engine must not live for ever. */
  orphans: number;
  request: StoredRequest;
  bodyBytes: number;
  /** The last thing the service said, for whoever looks at a dead letter. */
  lastAnswer?: Answer;
}

/** A job about to be stored: the transaction gives it its place. */
export interface JobDraft {
  queue: string;
  nonce: string;
  idempotencyKey: string;
  orderingKey?: string;
  request: StoredRequest;
  body?: ArrayBuffer;
}

/** How a job that left the queue ended. Kept apart from jobs until it expires. */
export interface Result {
  queue: string;
  seq: number;
  ticket: Ticket;
  method: string;
  url: string;
  /** Where it stands in lists, by kind and instant. */
  end: { kind: 'done'; at: number; answer: Answer } | { kind: 'cancelled'; at: number; reason: CancelReason };
  expiresAt: number;
}

export function ticketOf(queue: string, seq: number, nonce: string): Ticket {
  return `${queue}.${seq}.${nonce}`;
}

/** The row key that a ticket names, or undefined for a string that is no ticket. */
export function parseTicket(ticket: Ticket): { queue: string; seq: number } | undefined {
  const parts = /^([\w-]+)\.(\d+)\.[\w-]+$/.exec(ticket);
  return parts?.[1] && parts[2] ? { queue: parts[1], seq: Number(parts[2]) } : undefined;
}

/** The bytes that a job is charged for: body, URL and headers, in UTF-16 as the store keeps them. */
export function bytesOf(request: StoredRequest, bodyBytes: number): number {
  const characters = request.headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    request.url.length,
  );
  return bodyBytes + 2 * characters;
}
