import type { Context } from '../core/config.js';
import type { PolicyPatch } from '../core/policy-patch.js';
import type { EventOf, EventType } from '../core/events.js';
import type { Ticket } from '../core/job.js';
import type { JobOptions } from '../core/job-options.js';
import type { Receipt } from '../core/messages.js';
import type { QueueMetrics } from '../core/metrics.js';
import type { Counts } from '../core/queue-row.js';
import type { JobPage, JobView, ListQuery, Outcome } from '../core/views.js';
import type { QueueView } from '../core/queue-view.js';
import type { WakeState } from '../core/wake-state.js';

/** The state of all queues, and of this page's part in it. The same reference until something changed. */
export interface Snapshot<Q extends string = string> {
  mode: Mode;
  controlled: boolean;
  /** None while there is no storage, or before the first service worker or worker has written its policies. */
  queues: Partial<Record<Q, QueueView>>;
  /** Jobs of all queues that have not ended. */
  depth: number;
  /** Whether jobs are sent with no page open; where not, why. */
  wake: WakeState;
  /** Jobs that were stored and have vanished, cleared by the user or the browser; 0 where none have. */
  lost: number;
  /** What keeps this page from more, with a code and what to do; undefined where nothing does. */
  problem: { code: string; message: string } | undefined;
}

/**
 * `service-worker` intercepts; in `page-only` the worker of the page enqueues and drains, nothing is intercepted;
 * `off`: there is no storage, and requests go to the network.
 */
export type Mode = 'service-worker' | 'page-only' | 'off';

export type SluiceRequestInit<Q extends string = string> = RequestInit & {
  /** The queue to take; without it the rules decide. */
  queue?: Q;
  /** What is asked for the job, apart from the request: `priority` is a field of both. */
  job?: JobOptions;
};

export type SluiceEnqueueOptions<Q extends string = string> = JobOptions & {
  /** The queue to take; without it the rules decide. */
  queue?: Q;
};

/** What is changed of a stored request; what is left out stays. */
export interface JobChange {
  url?: string;
  headers?: HeadersInit;
  body?: string | ArrayBuffer;
}

/** The page's side of Sluice. */
export interface Sluice<Q extends string = string> {
  readonly mode: Mode;
  /** False: plain `fetch` of this page is not intercepted; `sluice.fetch` queues all the same. */
  readonly controlled: boolean;
  snapshot(): Snapshot<Q>;
  /** Calls back after the snapshot has changed, at most once per frame. */
  subscribe(callback: () => void): () => void;
  /** Resolves when the job has ended, also after a reload. Never rejects for what the service said. */
  settled(ticket: Ticket): Promise<Outcome>;
  /** Like `fetch`, and queues on uncontrolled pages too. `signal` cancels the job until it has ended. */
  fetch(input: RequestInfo | URL, init?: SluiceRequestInit<Q>): Promise<Response>;
  /**
   * Stores one request, or thousands, in their order, two thousand in a transaction. Rejects with the SluiceError of the first that
   * is refused, or that no rule names; the others may be stored all the same, and its `receipts` say which.
   */
  enqueue(request: Request, options?: SluiceEnqueueOptions<Q>): Promise<Receipt>;
  enqueue(requests: readonly Request[], options?: SluiceEnqueueOptions<Q>): Promise<Receipt[]>;
  counts(): Promise<Partial<Record<Q, Counts>>>;
  /** Rates, ages and percentiles as of now, by queue. */
  metrics(): Promise<Partial<Record<Q, QueueMetrics>>>;
  /** @throws SluiceError `config-invalid` for an `after` that no page of this state has answered */
  list(query: ListQuery<Q>): Promise<JobPage>;
  get(ticket: Ticket): Promise<JobView | undefined>;
  pause(queue?: Q): Promise<void>;
  resume(queue?: Q): Promise<void>;
  /** Look now: a probe is due, and a queue that waits for sign-in tries again. The pace still holds. */
  nudge(queue?: Q): Promise<void>;
  /**
   * Changes the rules of a queue while it runs, in every context from its next turn on; null: those of the config again.
   * Kept over reloads and new versions of the app.
   * @throws SluiceError `config-invalid`, `queue-unknown`
   */
  setPolicy(queue: Q, patch: PolicyPatch | null): Promise<void>;
  /**
   * A waiting job is cancelled; a leased one is aborted if that still can be, and may have reached the service.
   * @throws SluiceError `state-conflict` for a job that has ended or is not known
   */
  cancel(ticket: Ticket): Promise<'cancelled' | 'aborting'>;
  /**
   * Changes a job that waits or is dead. It keeps its place, and gets another idempotency key.
   * @throws SluiceError `state-conflict` for a job that is being sent, or that the service may have done; `body-too-large`
   */
  edit(ticket: Ticket, change: JobChange): Promise<void>;
  /**
   * Parks a waiting job: it keeps its place, and is not sent until it is released.
   * @throws SluiceError `state-conflict` for a job that is not waiting
   */
  hold(ticket: Ticket): Promise<void>;
  /** @throws SluiceError `state-conflict` for a job that is not held */
  release(ticket: Ticket): Promise<void>;
  /**
   * Puts a dead job back into its place, attempts at 0. It goes under another idempotency key where the service has declined it,
   * and under its own where it may have been done.
   * @throws SluiceError `state-conflict` for a job that is not dead
   */
  redrive(ticket: Ticket): Promise<void>;
  /**
   * Somebody is signed in from now on, in all tabs; null: nobody. Jobs belong to who was signed in when they were submitted,
   * and are never sent under another: they wait until that user is back. Call it before the cookies change at sign-out, and
   * after they have at sign-in. Resolves once nothing of anybody else is under way. `adopt`: what nobody has submitted is
   * this user's from now on. The context is forgotten where the user changes.
   * @throws SluiceError `config-invalid`
   */
  identify(user: string | null, options?: { adopt?: boolean }): Promise<void>;
  /**
   * `identity`: signs that user out and forgets them: every job, dead letter, result, the context and the sealing key.
   * `queue`: cancels all jobs of whoever is signed in, and drops the dead letters. What is in flight is aborted.
   */
  clear(filter: { identity: string | null } | { queue: Q }): Promise<void>;
  /** Hands small values to `prepare`, sealed at rest. Replaces the ones before; a queue that waits for sign-in tries again. */
  setContext(context: Context): Promise<void>;
  /**
   * Every job that waits, is being sent or is dead, for support or for whoever leaves: JSON by lines, each with the view of
   * a job, its headers and its body in base64. Nothing that is kept secret is in it.
   */
  export(): Promise<Blob>;
  on<T extends EventType>(type: T, callback: (event: EventOf<T>) => void): () => void;
  /**
   * Lets go of the worker, the database and every listener. Jobs stay; what waits for `settled` waits on, and whatever is asked
   * from then on rejects with `closed`.
   */
  close(): Promise<void>;
}

/** What a policy of Trusted Types makes. The DOM types lack it. */
export interface TrustedScriptURL {
  toJSON(): string;
}

/** How to connect where there is no short form: an app with a service worker of its own. */
export interface ConnectOptions {
  /** URL of the service worker, or false where another part of the app registers it. */
  serviceWorker: string | URL | TrustedScriptURL | false;
  worker: () => Worker;
  /** Default 'module'. */
  type?: 'module' | 'classic';
  scope?: string;
  /** The `name` of the config. Default 'sluice'. */
  name?: string;
  /**
   * Whether to ask the browser, after the first accept, not to make room with the queue (`storage.persist()`). Default: where
   * that never asks the user. Firefox asks.
   */
  persist?: boolean;
}
