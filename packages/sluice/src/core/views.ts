import {
  type Answer,
  type CancelReason,
  type DeadReason,
  headersOf,
  type Job,
  type JobState,
  type Result,
  type Ticket,
} from './job.js';

/** A job as a page sees it: no body, no secrets. */
export interface JobView {
  ticket: Ticket;
  queue: string;
  state: 'waiting' | 'leased' | 'done' | 'dead' | 'cancelled';
  method: string;
  url: string;
  orderingKey?: string;
  idempotencyKey?: string;
  enqueuedAt?: number;
  attempts?: number;
  bodyBytes?: number;
  /** When a waiting job is due, where that is not now. */
  dueAt?: number;
  /** Waits to be released, or for the job named by `after`. */
  parked?: 'held' | 'after';
  priority?: number;
  /** The trace that the request belongs to (W3C Trace Context), where it says so. */
  traceparent?: string;
  dedupeKey?: string;
  after?: Ticket;
  /** When it ended. */
  endedAt?: number;
  reason?: DeadReason | CancelReason;
  /** Of a job that waits, or is sent again: why it came back the last time. */
  detail?: string;
  answer?: Answer;
}

export interface ListQuery<Q extends string = string> {
  queue: Q;
  state: JobView['state'];
  /** The `next` of the page before. */
  after?: string;
  /** Default 50, at most 1,000. */
  limit?: number;
}

export interface JobPage {
  jobs: JobView[];
  /** Where the next page begins; undefined on the last. */
  next: string | undefined;
}

/** An answer, and the URL that it came from: of the job, unless it was redirected. */
export type Answered = Answer & { url: string; redirected: boolean };

/** Where a job is, or how it has ended. */
export type Standing = Pick<JobState | Result['end'], 'kind' | 'at'>;

/** In one word. */
export function stateOf({ kind }: Standing): JobView['state'] {
  return kind === 'leased' || kind === 'dead' || kind === 'done' || kind === 'cancelled' ? kind : 'waiting';
}

/** How a job ended, for the holder of its ticket. */
export type Outcome =
  | { kind: 'done'; ticket: Ticket; response: Answered }
  | { kind: 'dead'; ticket: Ticket; reason: DeadReason; detail: string; response?: Answered }
  | { kind: 'cancelled'; ticket: Ticket; reason: CancelReason }
  /** Never heard of it, or its result has expired. */
  | { kind: 'unknown'; ticket: Ticket };

export function viewOfJob(job: Job): JobView {
  const { ticket, queue, state, request, orderingKey, idempotencyKey, enqueuedAt, attempts, bodyBytes } = job;
  const common = {
    ticket,
    queue,
    method: request.method,
    url: request.url,
    idempotencyKey,
    enqueuedAt,
    attempts,
    bodyBytes,
    priority: job.priority,
    ...(orderingKey === undefined ? {} : { orderingKey }),
    ...(job.dedupeKey === undefined ? {} : { dedupeKey: job.dedupeKey }),
    ...(job.after === undefined ? {} : { after: job.after }),
    ...traceOf(job),
    ...(job.lastDetail === undefined ? {} : { detail: job.lastDetail }),
    ...(job.lastAnswer ? { answer: job.lastAnswer } : {}),
  };
  switch (state.kind) {
    case 'leased':
      return { ...common, state: 'leased' };
    case 'dead':
      return { ...common, state: 'dead', endedAt: state.at, reason: state.reason, detail: state.detail };
    case 'parked':
      return { ...common, state: 'waiting', parked: state.why };
    case 'delayed':
    case 'scheduled':
      return { ...common, state: 'waiting', dueAt: state.at };
    default:
      return { ...common, state: 'waiting' };
  }
}

export function traceOf({ request }: Job): Pick<JobView, 'traceparent'> {
  const [, traceparent] = headersOf(request).find(([name]) => name.toLowerCase() === 'traceparent') ?? [];
  return traceparent === undefined ? {} : { traceparent };
}

export function viewOfResult({ ticket, queue, method, url, end }: Result): JobView {
  const common = { ticket, queue, method, url, endedAt: end.at };
  return end.kind === 'done'
    ? { ...common, state: 'done', answer: end.answer }
    : { ...common, state: 'cancelled', reason: end.reason };
}

/** The outcome that a view tells, or undefined while the job has not ended. */
export function outcomeOf(view: JobView): Outcome | undefined {
  const { ticket, url, answer } = view;
  const response = answer && { url, redirected: false, ...answer };
  switch (view.state) {
    case 'done':
      return response && { kind: 'done', ticket, response };
    case 'dead':
      return {
        kind: 'dead' as const,
        ticket,
        reason: view.reason as DeadReason,
        detail: view.detail ?? '',
        ...(response ? { response } : {}),
      };
    case 'cancelled':
      return { kind: 'cancelled', ticket, reason: view.reason as CancelReason };
    default:
      return undefined;
  }
}
