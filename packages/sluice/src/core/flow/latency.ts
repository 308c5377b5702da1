import type { FlowConfig, Latency } from './state.js';

const LEAST_SAMPLES = 5;
const LEAST_WINDOW_MS = 250;
const LONG_SAMPLES = 600;

/** What a busy browser adds by itself says nothing of the service. */
const NOISE_MS = 50;

/**
 * The sends in flight that latency allows, after an accepted answer: the gradient of Netflix's concurrency-limits
 * (Gradient2), in windows. It learns from accepted answers alone, since a rejection is fast and says nothing of the queue
 * behind the service; and it grows only where the cap was in use.
 */
export function latencyAfter(
  latency: Latency,
  { concurrency }: FlowConfig,
  { now, rttMs, inFlight }: { now: number; rttMs: number; inFlight: number },
): Latency {
  const since = latency.samples === 0 ? now : latency.since;
  const window = {
    longMs: latency.longMs,
    since,
    cap: Math.min(latency.cap, concurrency),
    samples: latency.samples + 1,
    sumMs: latency.sumMs + rttMs,
    mostInFlight: Math.max(latency.mostInFlight, inFlight + 1),
  };
  const isOver = window.samples >= LEAST_SAMPLES && now - since >= Math.max(LEAST_WINDOW_MS, 2 * rttMs);
  return isOver ? closeWindow(window, concurrency) : window;
}

function closeWindow({ cap, longMs, samples, sumMs, mostInFlight }: Latency, concurrency: number): Latency {
  const shortMs = sumMs / samples;
  const long = averaged(longMs, shortMs, samples);
  const gradient = Math.min(1, Math.max(0.5, (1.5 * long + NOISE_MS) / shortMs));
  const wanted = 0.8 * cap + 0.2 * (cap * gradient + 1);
  const next = wanted > cap && mostInFlight < cap / 2 ? cap : wanted;
  return {
    cap: Math.min(Math.max(1, next), concurrency),
    longMs: long,
    samples: 0,
    sumMs: 0,
    mostInFlight: 0,
    since: 0,
  };
}

/** Over hundreds of samples; faster down, once the service has become much faster than it was. */
function averaged(longMs: number, shortMs: number, samples: number): number {
  if (longMs === 0) return shortMs;
  const weight = Math.min(1, samples / LONG_SAMPLES);
  const mean = longMs + (shortMs - longMs) * weight;
  return mean > 2 * shortMs ? mean * 0.95 : mean;
}
