import type { Job } from './job.js';
import type { Match, RequestFacts } from './match.js';
import type { Receipt } from './messages.js';
import type { QueuePolicy, Rate } from './policy.js';
import type { ReceiptChange } from './receipt.js';
import type { VerdictTable, VerdictWord } from './verdict-table.js';

/** A request as it is captured, for functions that read a key out of it. */
export interface CapturedFacts extends RequestFacts {
  headers: readonly (readonly [name: string, value: string])[];
  /** The body as UTF-8 text; empty for no body. */
  text(): string;
  /** The body parsed as JSON. Throws for what is not JSON. */
  json(): unknown;
}

/** The small values that the page handed over by `setContext`. */
export type Context = Record<string, unknown>;

/** Makes the request that is sent out of the one that was stored, or asks to wait until the user has signed in. */
export type Prepare = (
  request: Request,
  about: { job: Readonly<Job>; context: Context },
) => Request | 'sign-in' | Promise<Request | 'sign-in'>;

/**
 * Whether an answer is what it seems. True: as the tables say. False: a success that is none, such as the page of a
 * captive portal; it counts as an outage. Or the verdict itself, in one word.
 */
export type Expect = (response: Response) => boolean | VerdictWord | Promise<boolean | VerdictWord>;

/** The body of the one request that stays, or null: the two undo each other, and neither is sent. */
export type Merge = (previous: CapturedFacts, next: CapturedFacts) => string | ArrayBuffer | null;

/** What a job was answered, for functions of users that read it. */
export interface AnswerFacts {
  status: number;
  headers: readonly (readonly [name: string, value: string])[];
  /** The body as UTF-8 text; empty where it was over the cap. */
  text(): string;
  json(): unknown;
}

/** Puts the answer of an earlier job into the request of one that comes after it. What is left out stays. */
export type RewriteRequest = (
  request: CapturedFacts,
  prior: AnswerFacts,
) => {
  url?: string;
  body?: string | ArrayBuffer;
  headers?: readonly (readonly [name: string, value: string])[];
};

/** One request for many jobs, and the answer to each out of the answer to all. */
export interface BatchFunctions {
  /** What is left out is that of the first request. */
  combine: (requests: readonly (CapturedFacts & { idempotencyKey: string })[]) => {
    url?: string;
    method?: string;
    headers?: readonly (readonly [name: string, value: string])[];
    body: string | ArrayBuffer;
  };
  /**
   * As many parts as there were requests, in their order; asked only of a 2xx that `expect` has nothing against. Reading a body
   * that was too large or broke off throws.
   */
  split: (answer: AnswerFacts, count: number) => readonly BatchPart[];
}

/** What the service answered to one job of a batch. */
export interface BatchPart {
  status: number;
  headers?: readonly (readonly [name: string, value: string])[];
  body?: string | ArrayBuffer;
}

/** Many jobs in one request, which counts as one send. */
export interface BatchConfig extends BatchFunctions {
  /** Jobs in one request at most. */
  max: number;
  /** Bytes of their bodies at most; one job may have more. Default 1 MiB. */
  maxBytes?: number;
  /** How long a job waits for company. Default 0: what waits already goes together. */
  waitMs?: number;
}

/** The functions that read options of a job out of its request. */
export type OptionFunctions = Pick<
  QueueConfig,
  'orderingKey' | 'fairnessKey' | 'dedupeKey' | 'priority' | 'cost'
>;

/** One queue, as users write it. Only `match` is required. Durations in ms, sizes in bytes. */
export interface QueueConfig {
  /** Which requests are its own. */
  match: Match;
  /**
   * Queue-first: stored, then sent in its turn. Network-first: sent at once while the rate has a slot and nothing waits
   * ahead, and stored where that fails; for intercepted requests alone. Default 'queue-first'.
   */
  mode?: 'queue-first' | 'network-first';
  /** How long a network-first try may take until it is stopped and stored. Default 5 s. */
  firstTryMs?: number;
  /** Answer at once by a receipt, or hold the answer back until the service's own has come. Default 'receipt'. */
  respond?: 'receipt' | 'hold';
  /** How long an answer is held back; then it is the receipt. Default 25 s, 45 s at most. */
  holdMs?: number;
  /**
   * What a held `fetch` does where its job ends and the service has not answered: rejects as `fetch` does, or answers a 503 that
   * says why. Default 'reject'.
   */
  whenUndelivered?: 'reject' | 'answer';
  /** Another receipt than our own; the ticket is always added. */
  receipt?: (receipt: Receipt, request: CapturedFacts) => ReceiptChange;
  /**
   * Take forms that are sent by navigation, too, and lead to this page then. A navigation whose referrer is no page of our origin
   * passes by. Default: all navigations pass by.
   */
  navigations?: { redirectTo: string };
  /**
   * At most `limit` sends in any window of `perMs`, `burst` of them back to back. Default: what the service is found to
   * take, from 10 a second on, 20 at most.
   */
  rate?: Rate;
  /** Sends in flight at once, over all tabs together. Default 6. */
  concurrency?: number;
  /**
   * Follow what the service can take: fewer sends while it rejects or slows down, never more than configured. False: the
   * configured rate alone, or none. Default true.
   */
  adaptive?: boolean;
  /** Jobs that may wait. Default 100,000. */
  maxJobs?: number;
  /** Bytes that may wait. Default 200 MiB. */
  maxBytes?: number;
  /** Bytes of one body. Default 16 MiB. */
  maxBodyBytes?: number;
  /**
   * A full queue refuses the new request; or gives up its oldest waiting job; or the last in line, where that is of a lower
   * priority; or lets the request through to the network, at the rate of the queue. Default 'reject'.
   */
  whenFull?: 'reject' | 'drop-oldest' | 'drop-lowest' | 'network';
  /** Without storage a request goes to the network, paced in memory if it was intercepted, or is refused. Default 'network'. */
  whenBroken?: 'network' | 'reject';
  /** Jobs of one key are sent one after the other, in the order of their capture. Default: no order. */
  orderingKey?: (request: CapturedFacts) => string | undefined;
  /** Keys take turns, so that one screen's thousands do not hold up another's few. Default: first come, first served. */
  fairnessKey?: (request: CapturedFacts) => string | undefined;
  /** Requests of one key are the same thing: within `dedupeWindowMs` the second gets the ticket of the first. */
  dedupeKey?: (request: CapturedFacts) => string | undefined;
  /** How long a dedupe key is remembered after its job was accepted; at least `ttlMs`, which is the default. */
  dedupeWindowMs?: number;
  /** What a newer request does with one of its dedupe key that still waits, in place of being a duplicate. */
  coalesce?: 'replace' | Merge;
  /** -9 to 9; a higher one is served first, but of eight jobs one is the oldest of all. Default 0. */
  priority?: (request: CapturedFacts) => number | undefined;
  /** What a send takes of the rate, from 1; more than `rate.limit` takes a whole window. Default 1. */
  cost?: (request: CapturedFacts) => number | undefined;
  /** Many jobs in one request, each settled by its own part of the answer. Default: one by one. */
  batch?: BatchConfig;
  /** Puts the answer of an earlier job into one that comes `after` it, such as the id that the service gave. */
  rewrite?: RewriteRequest;
  /** Freshens the request right before it is sent, where the engine runs. */
  prepare?: Prepare;
  /** Failures after which a job is dead. Default 8. */
  maxAttempts?: number;
  /** Age at which a job is dead. Default 7 days. */
  ttlMs?: number;
  /** How long an attempt may take. Default 30 s. */
  timeoutMs?: number;
  /** How long a claim holds without a sign of life; renewed while an attempt runs. Default 45 s. */
  leaseMs?: number;
  /** Full-jitter backoff between attempts. Default 1 s to 5 min. */
  backoff?: { baseMs?: number; maxMs?: number };
  /** How long dead letters are kept. Default 30 days. */
  deadKeptMs?: number;
  /** How long results are kept. Default 24 h. */
  resultsKeptMs?: number;
  /** The largest answer body that is kept with a result. Default 64 KiB. */
  resultBytes?: number;
  /** Take an answer that the browser hides for a success: short for `verdicts: { hidden: 'ack' }`. Default false. */
  trustOpaque?: boolean;
  /**
   * What is made of a status, a class (`'5xx'`), a 2xx to a write that was `'redirected'` or led to another origin (`'portal'`),
   * `'network-error'`, `'timeout'` or `'hidden'`, in place of the defaults.
   */
  verdicts?: VerdictTable;
  /** Looks at each answer that can be read, before the tables do. */
  expect?: Expect;
  /** A URLPattern of the page where users sign in: what is redirected there waits for sign-in. */
  signInUrl?: string;
  /** Never: a job whose send may have been done and was not answered is dead, `unknown`, not sent again. Default 'always'. */
  repeat?: 'always' | 'never';
  /** The header that carries the idempotency key. Named, it is sent across origins too, and costs a preflight there. */
  idempotencyHeader?: string;
  /** The key as an RFC 9651 string, or bare. Default 'quoted'. */
  idempotencyFormat?: 'quoted' | 'raw';
  /**
   * Send `Sluice-Attempt`, from 1, and `Sluice-Enqueued-At`, an ISO 8601 date, along; costs a preflight across origins.
   * Default false.
   */
  attemptHeaders?: boolean;
  /** Headers besides `Authorization`, `Proxy-Authorization`, `X-CSRF-*` and `X-XSRF-*` that do not stand in storage in clear. */
  secretHeaders?: readonly string[];
  /**
   * `all`: URL, headers, body, keys and answer of a request never stand in storage in clear, at the price of sealing each.
   * Lists and exports then show its origin alone. Neither a `coalesce` function nor `rewrite` can be used with it: they
   * would have to read what is sealed within a transaction. Default 'secrets': secret headers alone.
   */
  seal?: 'secrets' | 'all';
  /** Secret headers are stored sealed, or not at all and put back by `prepare`. Default 'seal'. */
  secrets?: 'seal' | 'drop';
}

/** What users write. */
export interface SluiceConfig<Q extends string = string> {
  /** Names the database, the lock and the channel: two apps of one origin need two names. Default 'sluice'. */
  name?: string;
  /** False: intercept nothing any more, but still drain. Default true. */
  enabled?: boolean;
  /** Rates of destinations, by origin: all queues together keep them, each its own besides. Default: none. */
  limits?: Record<string, Rate>;
  queues: Record<Q, QueueConfig>;
}

/** One queue, validated, every default filled in. */
export interface QueueDefinition {
  name: string;
  policy: QueuePolicy;
  match: Match;
  whenBroken: 'network' | 'reject';
  mode: 'queue-first' | 'network-first';
  firstTryMs: number;
  respond: 'receipt' | 'hold';
  holdMs: number;
  whenUndelivered: 'reject' | 'answer';
  receipt: QueueConfig['receipt'];
  navigations: QueueConfig['navigations'];
  optionFunctions: OptionFunctions;
  coalesce: QueueConfig['coalesce'];
  expect: Expect | undefined;
  signInUrl: string | undefined;
  rewrite: RewriteRequest | undefined;
  batch: BatchFunctions | undefined;
  prepare: Prepare | undefined;
}

/** A validated config: what every entry takes. Its type carries the names of the queues. */
export interface SluiceDefinition<Q extends string = string> {
  readonly name: string;
  readonly enabled: boolean;
  /** In the order of their declaration, in which they are matched. */
  readonly queues: readonly QueueDefinition[];
  /** For types alone: `connect<typeof config>` knows the queues by it. */
  readonly queueNames?: Q;
}

/** The storable part of a definition, by queue. */
export function policiesOf({ queues }: SluiceDefinition): Record<string, QueuePolicy> {
  return Object.fromEntries(queues.map(({ name, policy }) => [name, policy]));
}
