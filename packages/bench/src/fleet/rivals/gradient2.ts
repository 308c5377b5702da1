import { type Controller, type ControllerMaker, within } from '../controller.js';

const LIMITS = { initial: 20, min: 20, max: 200 } as const;
const WINDOW = { minMs: 1000, minSamples: 10 } as const;
const LONG_SAMPLES = 600;
const WARM_UP_SAMPLES = 10;
const TOLERANCE = 1.5;
const SMOOTHING = 0.2;
const QUEUE = 4;

/**
 * The limit of requests in flight from the gradient of a long and a short average of latency, as Netflix's
 * concurrency-limits has it: drops tell it nothing.
 */
export function gradient2(): ControllerMaker {
  return (): Controller => {
    let limit: number = LIMITS.initial;
    const longMs = new LongAverage();
    let window = { since: 0, samples: 0, sumMs: 0, mostInFlight: 0 };
    return {
      decide: (_now, { inFlight }) => within(limit, inFlight),
      sent: () => undefined,
      observe(now, { kind, rttMs }, inFlight) {
        if (kind !== 'accepted') return;
        window.samples += 1;
        window.sumMs += rttMs;
        window.mostInFlight = Math.max(window.mostInFlight, inFlight + 1);
        if (now - window.since < WINDOW.minMs || window.samples < WINDOW.minSamples) return;
        limit = gradientLimit(limit, longMs, window.sumMs / window.samples, window.mostInFlight);
        window = { since: now, samples: 0, sumMs: 0, mostInFlight: 0 };
      },
      requeue: () => 0,
    };
  };
}

/** Exponential, but the plain mean of the first samples. */
export class LongAverage {
  #count = 0;
  #sum = 0;
  value = 0;

  add(sample: number): void {
    if (this.#count < WARM_UP_SAMPLES) {
      this.#count += 1;
      this.#sum += sample;
      this.value = this.#sum / this.#count;
      return;
    }
    const factor = 2 / (LONG_SAMPLES + 1);
    this.value = this.value * (1 - factor) + sample * factor;
  }
}

/** The next limit, given the average latency of a window. It does not grow while less than half of it is used. */
export function gradientLimit(
  limit: number,
  long: LongAverage,
  shortMs: number,
  mostInFlight: number,
): number {
  long.add(shortMs);
  if (long.value / shortMs > 2) long.value *= 0.95;
  if (mostInFlight < limit / 2) return limit;
  const gradient = Math.max(0.5, Math.min(1, (TOLERANCE * long.value) / shortMs));
  const next = limit * (1 - SMOOTHING) + (limit * gradient + QUEUE) * SMOOTHING;
  return Math.max(LIMITS.min, Math.min(LIMITS.max, next));
}
