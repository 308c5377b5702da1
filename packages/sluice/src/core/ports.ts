import type { AttemptEnd, DispatchEnd, Settlement } from './attempt.js';
import type { SluiceEvent } from './events.js';
import type { Owner } from './identity.js';
import type { Job, JobDraft } from './job.js';
import type { Instant } from './settle.js';
import type { Receipt } from './messages.js';
import type { PassId } from './pass.js';
import type { QueuePolicy } from './policy.js';
import type { QueueRow } from './queue-row.js';

/** A job under a lease, and the instant that its send was charged for. */
export interface Claim {
  job: Job;
  leaseId: string;
  leaseUntil: number;
  /** The number and the charged instant of its send. */
  n: number;
  sendAt: number;
  /** The last instant at which its send may begin; later, it would not fit the window that it was charged to. */
  latestAt: number;
  /** What it was charged to: its queue, and origins that have a limit. */
  charged?: readonly string[];
  /** The rules that it was claimed under. */
  policy: QueuePolicy;
  /** How often those of its queue had changed. */
  credentials: number;
  /** Its body, where that is small; a larger one is read when it is sent. */
  body?: ArrayBuffer;
  /** The other jobs of the same request, where it is a batch. */
  riders: readonly Claim[];
}

export interface TurnRequest {
  queue: string;
  engine: string;
  settlements: readonly Settlement[];
  /** Leases of this queue that the engine knows to be its own, those that end now included. */
  held: number;
  /** At most this many claims; 0 while the engine winds down. */
  maxClaims: number;
  /** The time it takes from a turn to its sends: none is charged for an instant sooner than that. */
  leadMs: number;
  /** The engine has just begun. */
  recover: boolean;
  /** A lock proves that no other engine runs: as it begins, leases of engines before it end. Without, they end by time alone. */
  isAlone: boolean;
  /**
   * The report of the turn before was lost, which may have committed all the same: of its own leases the engine knows these, and
   * has begun no send for any other.
   */
  known?: readonly string[];
  /** The clock has jumped since the last turn. */
  clockJumped: boolean;
  /** Makes this turn's lease ids, which are never used again. */
  turn: number;
  /** `relaxed` where a claim that is lost with the power only repeats a send; see `TurnReport`. */
  durability: 'strict' | 'relaxed';
}

export interface TurnReport {
  claims: Claim[];
  /** When the queue is worth a look without anybody's asking; undefined: only when something happens. */
  nextAt: number | undefined;
  /** Whose jobs were claimed: of whoever is signed in. */
  owner: Owner;
  /** Their jobs in the queue that have not ended. */
  depth: number;
  /** As it was stored: another row tells that something has happened since. */
  row: QueueRow;
  /** No send may begin: paused, frozen, between two probes, or waiting for sign-in. */
  closed: boolean;
  /** Another job would change nothing before `nextAt`: no slot is free, or the rate is used up. */
  saturated: boolean;
  /** What the turns of this queue must be from now on. One that was less has claimed nothing. */
  durability: 'strict' | 'relaxed';
  events: SluiceEvent[];
}

export type EnqueueAnswer =
  | { kind: 'accepted'; receipt: Receipt; events: SluiceEvent[] }
  /** What was asked cannot be: nothing was stored. */
  | { kind: 'refused'; code: 'function-failed' | 'state-conflict' | 'signed-out'; detail: string }
  /** `passes`: it may go to the network instead, once it is charged. */
  | { kind: 'full'; limit: 'maxJobs' | 'maxBytes'; max: number; retryAfterMs: number; passes: boolean };

/** When a send that passes the queue by may leave, and until when it must have: later, it is not sent. */
export interface DirectTurn {
  at: number;
  latestAt: number;
  charged: readonly string[];
  /** How often those of its queue had changed. */
  credentials: number;
  /** Its place among the sends in flight, to be given back. */
  pass: PassId;
  /** Later it is not under way any more. */
  until: number;
}

/** How a send ended that is no job's. */
export interface PassEnd {
  end: AttemptEnd;
  sentAt: number;
}

/** A request that is about to be tried before it is stored. */
export interface Trying {
  queue: string;
  url: string;
  /** Names its place among the sends in flight; never used again. */
  pass: string;
  /** Whose request it is. */
  owner: Owner;
  /** How long it may take. */
  firstTryMs: number;
  /** Default 1. */
  cost: number | undefined;
  orderingKey: string | undefined;
  dedupeKey: string | undefined;
  /** A newer request takes the place of an older one of its dedupe key. */
  coalesces: boolean;
  idempotencyKey: string;
}

/** The queue. Every method is one transaction, and answers after its `complete`. */
export interface Store {
  /** Accepts in order, durably: `strict`. Creates a queue that has no row yet under the policy given. */
  enqueue(
    drafts: readonly JobDraft[],
    policies: Record<string, QueuePolicy>,
    now: number,
  ): Promise<EnqueueAnswer[]>;
  /** Where an `enqueue` ended with `storage-unsure`: the answer to each draft that was stored all the same. */
  findStored(drafts: readonly JobDraft[], now: number): Promise<(EnqueueAnswer | undefined)[]>;
  /** Settles what has ended, then claims what may be sent: one turn of the engine. Undefined: no such queue. */
  turn(request: TurnRequest, instant: Instant): Promise<TurnReport | undefined>;
  /**
   * Charges a send that passes the queue by to its rates. Answers when it may leave; undefined where that is not soon, no
   * place is free, the queue is paused, waits for sign-in or for its next probe, or another user is signed in.
   */
  chargeDirect(
    send: Pick<Trying, 'queue' | 'url' | 'cost' | 'pass' | 'owner'>,
    instant: Instant,
  ): Promise<DirectTurn | undefined>;
  /**
   * Charges a try that is made before anything is stored. Undefined where the request has to queue: no slot now,
   * another user is signed in, or something waits ahead of it, or stands for the same thing.
   */
  chargeFirstTry(trying: Trying, instant: Instant): Promise<DirectTurn | undefined>;
  body(job: Job): Promise<ArrayBuffer | undefined>;
  /** Extends a lease to `until`; `recalled`: the engine is to let go of it. */
  renew(claim: Claim, until: number): Promise<'held' | 'lost' | 'recalled'>;
  queues(): Promise<QueueRow[]>;
  /** The engine is alive: nobody need take over. */
  beat(engine: string, now: number): Promise<void>;
  /** Ends and deletes what is too old, a bounded number of rows at a time; `after` of the answer is where to go on. */
  sweep(
    from: { queue: string; after: number },
    now: number,
  ): Promise<{ after: number | undefined; events: SluiceEvent[] }>;
  /** Erases what is left of users who were forgotten. Undefined where a send of theirs may be under way: later. */
  eraseForgotten(now: number): Promise<SluiceEvent[] | undefined>;
}

/** What an attempt asks of the engine that makes it. */
export interface AttemptControl {
  signal: AbortSignal;
  /** Told when the request is ready to be sent, before its instant is waited for. */
  onPrepared(): void;
  /** Looks once more at the job of a send that is late: its context may have been frozen, and storage cleared meanwhile. */
  confirm(): Promise<void>;
  /** Asked right before the send, with no await between. */
  mayBegin(): 'yes' | 'late' | 'lease-lost' | 'stopped';
}

/** Performs one attempt. Never rejects. */
export type Dispatch = (claim: Claim, control: AttemptControl) => Promise<DispatchEnd>;

/** Epoch milliseconds that do not jump, but where the wall clock was set, or the machine slept. */
export interface Clock {
  now(): number;
  /** How often it has jumped. */
  epoch(): number;
  /** Calls back at `at`, or once so long has passed, or late, never early. Answers a function that calls it off. */
  at(at: number, callback: () => void): () => void;
}

/** Tells all contexts what happened; a hint, which may be lost. */
export interface Notify {
  tell(events: readonly SluiceEvent[]): void;
  listen(callback: (events: readonly SluiceEvent[]) => void): () => void;
  close(): void;
}
