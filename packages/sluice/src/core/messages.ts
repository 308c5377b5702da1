import type { Owner } from './identity.js';
import type { SluiceEvent } from './events.js';
import type { HeaderPairs, StoredRequest, Ticket } from './job.js';
import type { JobOptions } from './job-options.js';
import type { DirectTurn } from './ports.js';
import type { SluiceError } from './errors.js';
import type { QueueView } from './queue-view.js';
import type { ResponseParts } from './receipt.js';
import type { JobView, Outcome } from './views.js';
import type { WakeState } from './wake-state.js';

/** Raised when a message changes its shape: contexts of different protocols do not talk. */
export const PROTOCOL = 4;

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
  schema: number;
  name: string;
  /** What the ids of the engines that run there begin with. */
  engine: string;
  /** Page and host are of different versions. */
  problem?: PlainError;
  /** Calls that must not be made twice: whether a host that has ended had done them, nothing tells. */
  once: readonly string[];
  /** Calls that may take as long as they need. */
  long: readonly string[];
}

/** What a worker or a service worker does for its pages. Crosses by comlink, which takes no more of an error than its message. */
export interface Host {
  /** Runs the call of that name. A host of another version knows it, or replies by an error: this shape stays. */
  call(name: string, ...args: unknown[]): Promise<Reply>;
}

export type Reply = { value: unknown } | { error: PlainError };

/** An error as plain data. */
export type PlainError = Pick<Error, 'name' | 'message'> &
  Partial<Pick<SluiceError, 'code' | 'value' | 'receipts'>>;

/** A request that a page hands over: the host makes the rest of it. */
export interface HandedOver {
  request: Omit<StoredRequest, 'secrets'>;
  body?: ArrayBuffer;
}

/** What becomes of it. */
export interface Handed {
  /** Its answer: of what is waited for, if that has none. Without it, and nothing to wait for, the request is the network's. */
  parts?: ResponseParts;
  /** What `answer` is asked for. */
  wait?: Extract<Intake, { kind: 'accepted' | 'direct' }>;
  /** What an abort of the page withdraws: the job, or the send past the queue. */
  ticket?: Ticket;
  isStored?: boolean;
  /** To the network, with these headers. */
  headers?: HeaderPairs;
  /** A rule names it, and it could not be stored. */
  isOurs?: boolean;
}

/** What a page asks to be told, and holds until it is. One call a time: a newer one ends the one before. */
export interface NewsRequest {
  /** Names the page. */
  page: string;
  /** It has been told nothing yet: not by this host. */
  isNew: boolean;
  isVisible: boolean;
  /** Views are looked at: each change is told, a frame apart. Otherwise none is. */
  isWatching: boolean;
  /** What the page remembers of the storage, in `localStorage`. */
  mark: string | null;
  /** Events that somebody listens to. */
  types: readonly SluiceEvent['type'][];
  /** Jobs that are waited for, besides those of the calls before. */
  waits: readonly Wait[];
}

export interface Wait {
  id: number;
  ticket: Ticket;
  /** That it has ended is enough. */
  isBrief: boolean;
}

/** What is left out has not changed. */
export interface News {
  /** The host knows nothing of the page: it has to tell all. */
  isUnknown?: boolean;
  queues?: Record<string, QueueView>;
  /** There are no queues but these. */
  isWhole?: boolean;
  depth?: number;
  /** Why nothing can be stored; null: it can. */
  storage?: PlainError | null;
  /** Why a queue cannot send at all; null: it can. */
  queue?: PlainError | null;
  wake?: WakeState;
  lost?: number;
  mark?: string;
  ends?: { id: number; outcome?: Outcome; error?: PlainError }[];
  events?: SluiceEvent[];
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
