import type { QueueConfig } from '../core/config.js';
import type { KeyState } from '../core/key-row.js';
import type { PolicyPatch } from '../core/queue-row.js';
import type { Engine } from '../store/engine.js';
import type { Platform } from './platform.js';
import type { Service } from './queue-gate.js';

export interface GateOptions<Tx, Q extends string> {
  readonly store: Engine<Tx>;
  /**
   * Who sends a request: keys, numbers and tickets belong to its caller. Runs after your sign-in check. A name and no token, since it is
   * stored as it is: 255 characters at most. The same string for all where callers need not be told apart.
   */
  readonly identity: (request: Request) => string | Promise<string>;
  readonly queues: Record<Q, QueueConfig>;
  /** Signs numbers: 32 characters or more, the same on all nodes. Of several the first signs, all are accepted. */
  readonly secret: string | readonly [string, ...string[]];
  /** Sends a job of the line to the service. Needed where a queue has a line. */
  readonly deliver?: Service;
  /** Where the status of a ticket is answered. Default `'/sluice-jobs/'`. */
  readonly statusPath?: string;
  /** Requests of a queue that may wait for the store, on one node. Default 10,000. */
  readonly maxWaiting?: number;
  /** For tests. */
  readonly platform?: Platform;
}

export interface Gate<Tx = unknown, Q extends string = string> {
  /** Passes a request on to the service at its instant, or answers in its place. What belongs to no queue is passed on at once. */
  handle(request: Request, service: Service, known?: KnownRequest): Promise<Response>;
  /**
   * Does the effect in the transaction of the request's key: both commit, or neither. A repeat gets the result of the first time.
   *
   * @param request as the service was given it
   * @param work its result is kept as JSON
   * @throws GateError `lease-lost`, and what `work` throws: nothing was committed
   */
  once<T>(request: object, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** How many bytes the body of such a request may have. Undefined: the gate has nothing to do with it. */
  maxBodyBytes(method: string, url: URL): number | undefined;
  /** Lets `once` and `identityOf` know a request by another object too: for adapters. */
  link(request: Request, other: object): void;
  /** Who has sent a request: also of a job of the line, whose secrets are not stored. */
  identityOf(request: object): string | undefined;
  counts(queue: Q): Promise<QueueCounts>;
  list(options: { queue: Q; state: KeyState; limit?: number }): Promise<Listed[]>;
  /** A dead job, or one whose outcome is unknown, is tried again. @throws GateError `unknown-request` */
  redrive(ticket: string): Promise<void>;
  /** Ends an `unknown` key: as done (204 from now on), or as free. @throws GateError `unknown-request` */
  resolve(about: { queue: Q; identity: string; key: string }, how: 'done' | 'not-done'): Promise<void>;
  /** On all nodes. The line goes on to accept. */
  pause(queue: Q): Promise<void>;
  resume(queue: Q): Promise<void>;
  /** On all nodes, from the next transaction on. */
  setPolicy(queue: Q, patch: PolicyPatch): Promise<void>;
  /** Takes no more jobs, waits for those in flight, and writes what the store has not taken yet. The store stays open. */
  close(): Promise<void>;
}

/** For adapters: what they know of a request, which need not be read or made then. */
export interface KnownRequest {
  /** The request has none of its own then. `'too-large'`: it was not read to its end. */
  readonly body?: Uint8Array | 'too-large';
  /** Made where a caller waits, and aborted when it leaves. */
  readonly signal?: () => AbortSignal;
}

export interface QueueCounts extends Record<KeyState, number> {
  /** Jobs that the line has ever accepted. */
  readonly accepted: number;
  /** Jobs of the line that have not ended, and their bytes. */
  readonly inLine: number;
  readonly bytes: number;
}

export interface Listed {
  readonly identity: string;
  readonly key: string;
  readonly state: KeyState;
  readonly ticket: string | undefined;
  /** Of the last answer. */
  readonly status: number | undefined;
}
