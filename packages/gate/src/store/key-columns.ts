import type { KeyEntry } from '../core/book.js';
import type { StoredAnswer } from '../core/answer.js';
import type { KeyState } from '../core/key-row.js';
import type { LineJob, StoredRequest } from '../core/line-job.js';
import type { QueueRow } from '../core/queue-row.js';

/** A row of `sluice_keys` as a driver returns it. */
export interface KeyRecord {
  queue: string;
  identity: string;
  key: string;
  fingerprint: string;
  state: KeyState;
  lease: string;
  lease_until: number;
  keep_until: number;
  committed: string | null;
  answer_status: number | null;
  answer_headers: string | null;
  answer_body: Uint8Array | null;
  ticket: string | null;
  at: number | null;
  not_before: number | null;
  attempts: number | null;
  /** PostgreSQL's driver returns a bigint as a string. */
  bytes: number | string | null;
}

export interface RequestRecord {
  identity: string;
  key: string;
  request: string | null;
  request_body: Uint8Array | null;
}

export interface QueueRecord {
  tat: number;
  numbers_from: number;
  numbers: number | string;
  read_at: number;
  is_paused: boolean | number;
  patch: string;
  jobs: number | string;
  bytes: number | string;
  accepted: number | string;
}

type Value = string | number | Uint8Array | null;

/** The values of a row, in the order of `KEY_COLUMNS`. */
export function rowValues(queue: string, { identity, key, row }: KeyEntry): Value[] {
  const { fingerprint, state, lease, leaseUntil, keepUntil, committed, answer, job } = row;
  return [
    queue,
    identity,
    key,
    fingerprint,
    state,
    lease,
    leaseUntil,
    keepUntil,
    committed ?? null,
    answer?.status ?? null,
    answer ? JSON.stringify(answer.headers) : null,
    answer?.body ?? null,
    job?.ticket ?? null,
    job?.at ?? null,
    job?.notBefore ?? null,
    job?.attempts ?? null,
    job?.bytes ?? null,
  ];
}

export function entryOf(record: KeyRecord): KeyEntry & { queue: string } {
  const { queue, identity, key, fingerprint, state, lease } = record;
  const row = {
    fingerprint,
    state,
    lease,
    leaseUntil: record.lease_until,
    keepUntil: record.keep_until,
    committed: record.committed ?? undefined,
    answer: answerOf(record),
    job: jobOf(record),
  };
  return { queue, identity, key, row };
}

function answerOf({ answer_status, answer_headers, answer_body }: KeyRecord): StoredAnswer | undefined {
  if (answer_status === null || answer_headers === null) return undefined;
  const headers = JSON.parse(answer_headers) as StoredAnswer['headers'];
  return { status: answer_status, headers, body: answer_body ?? undefined };
}

function jobOf({ ticket, at, not_before, attempts, bytes }: KeyRecord): LineJob | undefined {
  if (ticket === null) return undefined;
  return {
    ticket,
    at: at ?? 0,
    notBefore: not_before ?? 0,
    attempts: attempts ?? 0,
    bytes: Number(bytes ?? 0),
  };
}

/** A request without its body, which has a column of its own. */
export function requestText({ method, url, headers }: StoredRequest): string {
  return JSON.stringify({ method, url, headers });
}

export function requestOf({ request, request_body }: RequestRecord): StoredRequest | undefined {
  if (request === null) return undefined;
  const { method, url, headers } = JSON.parse(request) as Omit<StoredRequest, 'body'>;
  return { method, url, headers, body: request_body ?? new Uint8Array() };
}

/** Numbers and counts of a queue are far below 2^53. */
export function queueOf(record: QueueRecord): QueueRow {
  const { tat, numbers_from, numbers, read_at } = record;
  return {
    schedule: { tat, numbersFrom: numbers_from, numbers: Number(numbers), readAt: read_at },
    isPaused: Boolean(record.is_paused),
    patch: JSON.parse(record.patch) as QueueRow['patch'],
    jobs: Number(record.jobs),
    bytes: Number(record.bytes),
    accepted: Number(record.accepted),
  };
}
