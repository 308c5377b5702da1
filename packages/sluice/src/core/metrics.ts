/**
 * What a queue has done, in a handful of numbers that are kept in its row: each is moved on in the transaction that it is
 * about, and costs the same at any depth.
 */
export interface Metrics {
  arrivals: Meter;
  dispatches: Meter;
  /** How long the queue was held by its service, as far as it was told; what lies ahead is counted in advance. */
  frozenMs: number;
  /** From accept to delivery: counts by `bucketOf`. */
  latency: Record<number, number>;
  /** The oldest job that has not ended, or from which `seq` on to look for it. */
  oldest: Oldest;
}

export type Oldest = { kind: 'known'; seq: number; at: number } | { kind: 'from'; seq: number };

/** Counts of the last seconds; the newest belongs to `second`, in epoch seconds. */
export interface Meter {
  second: number;
  counts: number[];
}

/** What is read out of it, at some instant. */
export interface QueueMetrics {
  /** Accepted and sent per second, over the last 10 s. */
  arrivalsPerSecond: number;
  dispatchesPerSecond: number;
  /** The rate that the flow allows now, per second; null where there is no limit. */
  allowedPerSecond: number | null;
  /** Age of the oldest job that has not ended; null where there is none. */
  oldestAgeMs: number | null;
  /** Sends per accepted job. Null before the first. */
  sendAmplification: number | null;
  /** How long the service has held the queue, in all. */
  frozenMs: number;
  /** From accept to delivery, within 10 %; null before the first delivery. The newest few hundred count most. */
  latencyMs: { p50: number; p95: number; p99: number } | null;
}

const WINDOW_SECONDS = 10;

export const NO_METRICS: Metrics = {
  arrivals: { second: 0, counts: [] },
  dispatches: { second: 0, counts: [] },
  frozenMs: 0,
  latency: {},
  oldest: { kind: 'from', seq: 1 },
};

/** One more at `now`. */
export function metered(meter: Meter, now: number): Meter {
  const counts = countsAt(meter, now);
  counts[0] = (counts[0] ?? 0) + 1;
  return { second: Math.max(meter.second, Math.floor(now / 1000)), counts };
}

export function perSecond(meter: Meter, now: number): number {
  return countsAt(meter, now).reduce((sum, count) => sum + count, 0) / WINDOW_SECONDS;
}

/** The newest second first. A clock that went back counts into the newest. */
function countsAt({ second, counts }: Meter, now: number): number[] {
  const passed = Math.max(0, Math.floor(now / 1000) - second);
  const empty = Array.from({ length: Math.min(passed, WINDOW_SECONDS) }, () => 0);
  return [...empty, ...counts].slice(0, WINDOW_SECONDS);
}

/** Buckets grow by a sixth and a bit, so that what is read is within 10 % of the truth. */
const BUCKETS_PER_DOUBLING = 4;

/** From so many on, the old ones fade. */
const LATENCY_SAMPLES = 1000;

/** The histogram with one more delivery. */
export function timed(latency: Metrics['latency'], ms: number): Metrics['latency'] {
  const bucket = bucketOf(ms);
  const counted = { ...latency, [bucket]: (latency[bucket] ?? 0) + 1 };
  const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
  return total < LATENCY_SAMPLES ? counted : faded(counted);
}

function faded(latency: Metrics['latency']): Metrics['latency'] {
  const halves = Object.entries(latency).map(([bucket, count]) => [bucket, Math.floor(count / 2)] as const);
  return Object.fromEntries(halves.filter(([, count]) => count > 0));
}

export function percentiles(latency: Metrics['latency']): QueueMetrics['latencyMs'] {
  const total = Object.values(latency).reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const at = (share: number): number => valueAt(latency, Math.ceil(share * total));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function valueAt(latency: Metrics['latency'], rank: number): number {
  let seen = 0;
  const buckets = Object.keys(latency)
    .map(Number)
    .toSorted((a, b) => a - b);
  for (const bucket of buckets) {
    seen += latency[bucket] ?? 0;
    if (seen >= rank) return middleOf(bucket);
  }
  return middleOf(buckets.at(-1) ?? 0);
}

function bucketOf(ms: number): number {
  return Math.floor(Math.log2(Math.max(1, ms)) * BUCKETS_PER_DOUBLING);
}

function middleOf(bucket: number): number {
  return Math.round(2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING));
}
