import type { StoredAnswer } from './answer.js';
import type { Book } from './book.js';
import type { KeyId, KeyRow } from './key-row.js';
import { bytesOf, type StoredRequest } from './line-job.js';
import { policyNow, type QueuePolicy } from './queue-row.js';
import { marginMsOf } from './rate.js';
import {
  chargeSend,
  giveNumber,
  LATE_MS,
  nextSendAt,
  patienceMs,
  type SlotNumber,
  standingOf,
} from './schedule.js';

/** A request at the gate. */
export interface Arrival {
  readonly identity: string;
  /** Undefined: it has none, or the queue takes no note of it. */
  readonly key: string | undefined;
  readonly fingerprint: string;
  /** New for each request, and random: who holds the key while it runs, and the ticket of what goes into the line. */
  readonly id: string;
  /** Its instant is no nearer than this: as long as the decision takes to reach its node. */
  readonly leadMs: number;
  /** The number that it brings, its signature checked. */
  readonly slot: SlotNumber | undefined;
  /** False: its caller has as many numbers as one may have. */
  readonly mayTakeNumber: boolean;
  /** What the line keeps of it, where its caller has consented to that. */
  readonly request: StoredRequest | undefined;
}

/** What becomes of an arrival. Instants are the store's clock. */
export type Admission =
  /** It may leave at the instant, and up to `marginMs` later. */
  | { readonly kind: 'send'; readonly at: number; readonly marginMs: number; readonly readAt: number }
  | { readonly kind: 'replay'; readonly answer: StoredAnswer }
  /** It stands in the line, since now or since an earlier try. */
  | { readonly kind: 'accepted'; readonly ticket: string; readonly at: number }
  | { readonly kind: 'outstanding' | 'mismatch' | 'unknown' | 'dead' | 'paused' }
  | { readonly kind: 'number'; readonly number: SlotNumber }
  /** There is no number to give: the horizon is reached, or its caller has too many. */
  | { readonly kind: 'beyond' };

/** Decides on one arrival. */
export function admit(book: Book, arrival: Arrival, configured: QueuePolicy): Admission {
  const policy = policyNow(configured, book.queue);
  book.readClock(policy.rate);
  const row = liveRow(book, arrival);
  const known = row && admissionOf(book, row, arrival, policy);
  if (known) return known;
  const committed = row?.committed;
  if (book.queue.isPaused) return intoLine(book, arrival, committed, policy) ?? { kind: 'paused' };
  const at = instantFor(book, arrival, policy);
  if (at === undefined) return intoLine(book, arrival, committed, policy) ?? numberFor(book, arrival, policy);
  if (arrival.key !== undefined) book.put(idOf(arrival), runningRow(arrival, at, committed, policy));
  const marginMs = policy.rate ? marginMsOf(policy.rate) : Number.POSITIVE_INFINITY;
  return { kind: 'send', at, marginMs, readAt: policy.rate ? book.queue.schedule.readAt : book.now };
}

/** Where the key of an arrival is kept. One without a key has a row in the line alone: no key that is sent holds a DEL. */
export function idOf({ identity, key, id }: Pick<Arrival, 'identity' | 'key' | 'id'>): KeyId {
  return { identity, key: key ?? `\x7f${id}` };
}

/** A key is kept for its time, and as long as its request holds it; that of a job until the job has ended. */
function liveRow(book: Book, arrival: Arrival): KeyRow | undefined {
  const row = book.key(idOf(arrival));
  if (!row) return undefined;
  const isRunning = row.state === 'running' && (row.job !== undefined || row.leaseUntil > book.now);
  const isHeld = row.state === 'waiting' || isRunning;
  return isHeld || row.keepUntil > book.now ? row : undefined;
}

/** What a known key means for this arrival; undefined: the arrival may run. */
function admissionOf(
  book: Book,
  row: KeyRow,
  arrival: Arrival,
  { afterCrash, keepKeysMs }: QueuePolicy,
): Admission | undefined {
  if (row.fingerprint !== arrival.fingerprint) return { kind: 'mismatch' };
  if (row.state === 'done' && row.answer) return { kind: 'replay', answer: row.answer };
  if (row.state === 'unknown' || row.state === 'dead') return { kind: row.state };
  if (row.job)
    return arrival.request
      ? { kind: 'accepted', ticket: row.job.ticket, at: row.job.at }
      : { kind: 'outstanding' };
  // It was let through before, and its instant has passed unused.
  if (row.lease === arrival.id) return undefined;
  if (row.leaseUntil > book.now) return { kind: 'outstanding' };
  // Its holder is gone. With the effect committed by `once`, another try finds that, and does it no second time.
  if (row.committed !== undefined || afterCrash === 'repeat') return undefined;
  book.put(idOf(arrival), { ...row, state: 'unknown', keepUntil: book.now + keepKeysMs });
  return { kind: 'unknown' };
}

function runningRow(
  { fingerprint, id }: Arrival,
  at: number,
  committed: string | undefined,
  { leaseMs, keepKeysMs }: QueuePolicy,
): KeyRow {
  const lease = { lease: id, leaseUntil: at + leaseMs, keepUntil: at + keepKeysMs };
  return { fingerprint, state: 'running', ...lease, committed, answer: undefined, job: undefined };
}

/** The instant at which an arrival may leave; undefined: none is near enough. Holders of a due number wait longer. */
function instantFor(
  book: Book,
  { slot, leadMs }: Arrival,
  { rate, holdMs }: QueuePolicy,
): number | undefined {
  if (!rate) return book.now;
  const { schedule } = book.queue;
  const next = nextSendAt(schedule, rate);
  const standing = slot && standingIn(book, slot);
  const waitMs = standing === 'due' ? LATE_MS : patienceMs(schedule, holdMs);
  // It could leave no earlier: that is no wait for its turn.
  if (next - schedule.readAt > waitMs + leadMs) return undefined;
  if (slot && (standing === 'due' || standing === 'early')) book.useSlot(slot);
  const at = Math.max(next, schedule.readAt + leadMs);
  book.queue = { ...book.queue, schedule: chargeSend(schedule, rate, at) };
  return at;
}

/** Stores the request, if its caller has consented and there is room. It takes the next instant that numbers are given for. */
function intoLine(
  book: Book,
  arrival: Arrival,
  committed: string | undefined,
  { line, rate, keepKeysMs }: QueuePolicy,
): Admission | undefined {
  const { request } = arrival;
  if (!request || !line) return undefined;
  const bytes = bytesOf(request);
  const { queue } = book;
  if (queue.jobs >= line.maxJobs || queue.bytes + bytes > line.maxBytes) return undefined;
  const given = rate ? giveNumber(queue.schedule, rate, Number.POSITIVE_INFINITY) : undefined;
  const at = given?.number.at ?? book.now;
  const schedule = given?.schedule ?? queue.schedule;
  book.queue = {
    ...queue,
    schedule,
    jobs: queue.jobs + 1,
    bytes: queue.bytes + bytes,
    accepted: queue.accepted + 1,
  };
  book.storeRequest(idOf(arrival), request);
  book.put(idOf(arrival), {
    fingerprint: arrival.fingerprint,
    state: 'waiting',
    lease: '',
    leaseUntil: 0,
    keepUntil: at + keepKeysMs,
    // An earlier try may have made its effect.
    committed,
    answer: undefined,
    job: { ticket: arrival.id, at, notBefore: 0, attempts: 0, bytes },
  });
  return { kind: 'accepted', ticket: arrival.id, at };
}

function standingIn(book: Book, slot: SlotNumber): 'early' | 'due' | 'late' | 'used' {
  return book.isSlotUsed(slot) ? 'used' : standingOf(slot, book.queue.schedule);
}

/** An early number stays as it is. */
function numberFor(book: Book, { slot, mayTakeNumber }: Arrival, { rate }: QueuePolicy): Admission {
  if (slot && standingIn(book, slot) === 'early') return { kind: 'number', number: slot };
  const given = mayTakeNumber && rate && giveNumber(book.queue.schedule, rate);
  if (!given) return { kind: 'beyond' };
  book.queue = { ...book.queue, schedule: given.schedule };
  return { kind: 'number', number: given.number };
}
