import type { Owner } from './identity.js';
import type { SluiceEvent } from './events.js';
import type { StoredRequest, Ticket } from './job.js';
import type { JobOptions } from './job-options.js';
import type { PassId } from './pass.js';
import type { DirectTurn, PassEnd } from './ports.js';
import type { ResponseParts } from './receipt.js';
import type { JobView } from './views.js';

/** Raised when a message changes its shape: contexts of different protocols do not talk. */
export const PROTOCOL = 3;

/** Raised when a stored row changes its shape. Also the version of the database. */
export const SCHEMA = 3;

/** Broadcast between all contexts of an app. A lie in it costs a wasted look, never more. */
export interface Hint {
  protocol: number;
  events: SluiceEvent[];
}

/** A request read to its end, on its way to the queue: plain data, body transferable. */
export interface Captured {
  request: StoredRequest;
  body?: ArrayBuffer;
}

/** What is asked of an enqueue besides the request itself. */
export interface EnqueueOptions extends JobOptions {
  /** The queue to take; without it the rules decide. */
  queue?: string;
}

/** What became of one request of a list. */
export type Taken = { kind: 'accepted'; receipt: Receipt } | Unmatched | Refused;

/** No rule names it: it is the network's. */
type Unmatched = { kind: 'unmatched' };

type Refused = { kind: 'refused'; refusal: Refusal };

/** What became of a request that waits for its answer. */
export type Intake =
  /** `parts` is its answer; held so long, if the service's own comes first, or rejected where that never comes. */
  | { kind: 'accepted'; receipt: Receipt; parts: ResponseParts; holdMs: number; rejects: boolean }
  | Unmatched
  | Refused
  /** The queue is full, and lets it through: to the network at that instant, for which it is charged, while its user is signed in. */
  | { kind: 'direct'; turn: DirectTurn; owner: Owner; refusal: Refusal }
  /** Storage failed, and the app shall not be worse off than without us. */
  | { kind: 'broken'; whenBroken: 'network' | 'reject'; refusal: Refusal };

/** The 202 body: what the page holds until the real answer. */
export interface Receipt {
  ticket: Ticket;
  queue: string;
  /** How the job stands: of a duplicate, or of one that was tried first, it may have ended. */
  state: JobView['state'];
  /** Jobs of the queue that had not ended when this one was accepted, itself included. */
  depth: number;
  /** Epoch ms; null while the queue is paused or waits for sign-in, and where the job waits for a word or has been sent. */
  estimatedStartAt: number | null;
}

/** An RFC 9457 problem, in the making. */
export interface Refusal {
  status: number;
  code: string;
  title: string;
  detail: string;
  retryAfterSeconds?: number;
}

/** Who a context is, told at the handshake. */
export interface Hello {
  protocol: number;
  schema: number;
  name: string;
  /** What the ids of the engines that run there begin with. */
  engine: string;
}

/** What a worker or a service worker does for a page that cannot do it itself. Crosses by comlink. */
export interface Host {
  hello(): Promise<Hello>;
  /** One whose answer is waited for. `askedAt`: epoch ms at which the page began to read it. */
  fetch(request: Captured, options: EnqueueOptions, askedAt: number): Promise<Intake>;
  /** Receipts alone: an answer for each would take longer than the request. */
  enqueue(requests: Captured[], options: EnqueueOptions, askedAt: number): Promise<Taken[]>;
  /** The queue that would take a request to this URL by some method; for the development warning alone. */
  queueOf(url: string): Promise<string | undefined>;
  /** The page goes to sleep or away: let go of the lock, take no more. */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  /** Resolves once all that was asked before has its owner, and who is signed in was read anew. */
  refreshIdentity(): Promise<void>;
  /** A send of the page past the queue has ended. */
  passed(pass: PassId, ended: PassEnd): Promise<void>;
}

/** Page to service worker, with a port for comlink. */
export interface HostRequest {
  sluice: 'host';
  protocol: number;
  name: string;
}

/** Page to service worker, as it leaves: the leases of its engine end now, and nothing is held against the jobs. */
export interface EngineLeft {
  sluice: 'engine-left';
  protocol: number;
  name: string;
  engine: string;
}

/** Page to service worker: something was stored without its having seen it. */
export interface Accepted {
  sluice: 'accepted';
  protocol: number;
  name: string;
}

export function isOurs(data: unknown, name: string): data is HostRequest | EngineLeft | Accepted {
  const message = data as Partial<HostRequest> | null;
  return (
    typeof message === 'object' &&
    message !== null &&
    typeof message.sluice === 'string' &&
    message.name === name
  );
}

/**
 * What a broadcast has to say, or undefined for one that is none of ours. A context of another version speaks another
 * language; that it says something is worth a look, also at who is signed in: nothing may be taken for the user before.
 */
export function heard(data: unknown): readonly SluiceEvent[] | undefined {
  const { protocol } = (data ?? {}) as Partial<Hint>;
  if (typeof protocol === 'number' && protocol !== PROTOCOL)
    return [{ type: 'identified' }, { type: 'nudged', queue: undefined }];
  return isHint(data) ? data.events : undefined;
}

function isHint(data: unknown): data is Hint {
  const hint = data as Partial<Hint> | null;
  return (
    typeof hint === 'object' &&
    hint !== null &&
    hint.protocol === PROTOCOL &&
    Array.isArray(hint.events) &&
    hint.events.every((event) => typeof (event as Partial<SluiceEvent> | null)?.type === 'string')
  );
}
