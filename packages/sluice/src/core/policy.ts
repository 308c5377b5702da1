import type { FlowConfig } from './flow/state.js';
import type { VerdictTable } from './verdict-table.js';

/** How many sends per how long, and how many of them may go back to back. */
export interface Rate {
  limit: number;
  perMs: number;
  /** Sends that may leave at once after idleness. Default 1: evenly spaced. */
  burst?: number;
}

/** The resolved, storable rules of one queue: plain data, so that an engine can drain under them with no config at hand. */
export interface QueuePolicy {
  rate: Required<Rate> | null;
  /** Rates of destinations by origin, which all queues share. */
  limits: Record<string, Required<Rate>>;
  concurrency: number;
  /** Whether rate and sends in flight follow what the service can take, below what is configured. */
  adaptive: boolean;
  /** Null: one job a request. */
  batch: { max: number; maxBytes: number; waitMs: number } | null;
  maxJobs: number;
  maxBytes: number;
  maxBodyBytes: number;
  whenFull: 'reject' | 'drop-oldest' | 'drop-lowest' | 'network';
  maxAttempts: number;
  maxOrphans: number;
  ttlMs: number;
  /** How long a dedupe key is remembered, from the accept on. */
  dedupeWindowMs: number;
  deadKeptMs: number;
  resultsKeptMs: number;
  resultBytes: number;
  timeoutMs: number;
  leaseMs: number;
  backoff: { baseMs: number; maxMs: number };
  /** What the queue makes of answers otherwise than we do. */
  verdicts: VerdictTable;
  /** Never: what may have been done is not sent again. */
  repeat: 'always' | 'never';
  /** Tell the service the number of the attempt and when the job was accepted. */
  attemptHeaders: boolean;
  /** What does not stand in storage in clear: secret headers, or requests and answers as a whole. */
  seal: 'secrets' | 'all';
  /** What becomes of secret headers. */
  secrets: 'seal' | 'drop';
  /** Which headers are secret besides those that always are. */
  secretHeaders: readonly string[];
  idempotency: { header: string; format: 'quoted' | 'raw'; crossOrigin: boolean };
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MIB_BYTES = 1024 * 1024;

export const DEFAULT_POLICY: QueuePolicy = {
  rate: null,
  limits: {},
  concurrency: 6,
  adaptive: true,
  batch: null,
  maxJobs: 100_000,
  maxBytes: 200 * MIB_BYTES,
  maxBodyBytes: 16 * MIB_BYTES,
  whenFull: 'reject',
  maxAttempts: 8,
  maxOrphans: 3,
  ttlMs: 7 * DAY_MS,
  dedupeWindowMs: 7 * DAY_MS,
  deadKeptMs: 30 * DAY_MS,
  resultsKeptMs: DAY_MS,
  resultBytes: 64 * 1024,
  timeoutMs: 30_000,
  leaseMs: 45_000,
  backoff: { baseMs: 1000, maxMs: 5 * MINUTE_MS },
  verdicts: {},
  repeat: 'always',
  attemptHeaders: false,
  seal: 'secrets',
  secrets: 'seal',
  secretHeaders: [],
  idempotency: { header: 'Idempotency-Key', format: 'quoted', crossOrigin: false },
};

/**
 * The sends in flight that a rate needs, where answers take a second or less. What the browser holds back, since all its
 * connections are in use, arrives together: so no more of it than that.
 */
export function concurrencyFor(rate: Rate | null | undefined): number {
  const most = DEFAULT_POLICY.concurrency;
  return rate ? Math.min(Math.ceil(rate.limit * Math.max(1, 1000 / rate.perMs)), most) : most;
}

/** How late a send may leave after its charged instant; the window is widened by as much, so lateness never breaks it. */
export function marginMsOf(rate: Rate): number {
  return Math.min(50, rate.perMs / 20);
}

/** The longest that any Retry-After may hold a queue. */
export const MAX_FREEZE_MS = 600_000;

/** Without a configured rate a queue that adapts never sends faster than this. */
const CEILING_PER_SECOND = 20;
const BURST = 10;

/** What the flow controller of a queue is told. */
export function flowConfigOf({ rate, concurrency, adaptive }: QueuePolicy): FlowConfig {
  if (rate) {
    const ceilingPerSecond = (1000 * rate.limit) / (rate.perMs + marginMsOf(rate));
    return { ceilingPerSecond, isConfigured: true, burst: rate.burst, concurrency, adaptive };
  }
  const ceilingPerSecond = adaptive ? CEILING_PER_SECOND : Number.POSITIVE_INFINITY;
  return { ceilingPerSecond, isConfigured: !adaptive, burst: BURST, concurrency, adaptive };
}

/** Evenly spaced, where no burst is asked for. */
export function withBurst(asked: Rate): Required<Rate> {
  return { ...asked, burst: asked.burst ?? 1 };
}

/** The fields that are given: what is undefined was not asked for, and must not take the place of a default. */
export function given<T extends object>(asked: T): T {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as T;
}
