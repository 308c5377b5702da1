import { type Controller, type ControllerMaker, type Decision, SEND_ALL } from '../controller.js';

const BETA = 0.7;
const SCALE = 0.4;
const MIN_RATE = 0.5;
const SMOOTHING = 0.8;
const BUCKET_MS = 500;
const BACKOFF = { baseMs: 100, throttledBaseMs: 500, maxMs: 20_000 } as const;
const QUOTA = { tokens: 500, retry: 5, timeout: 10, refill: 1 } as const;

/**
 * The adaptive mode of the AWS SDKs: off until the first throttle, then a token bucket whose rate follows CUBIC in
 * requests a second, and a quota of retries.
 */
export function smithy(): ControllerMaker {
  return (random): Controller => {
    const limiter = new AdaptiveRate();
    let quota: number = QUOTA.tokens;
    return {
      decide: (now): Decision => {
        if (!limiter.isOn) return SEND_ALL;
        const until = limiter.nextAt(now);
        return until <= now ? { kind: 'send', n: 1, maxRetries: 1 } : { kind: 'wait', until };
      },
      sent(now, { n }) {
        for (let i = 0; i < n; i++) limiter.take(now);
      },
      observe(now, { kind, isFirstTry }) {
        limiter.answered(now, kind === 'rejected');
        if (kind === 'accepted' && isFirstTry) quota = Math.min(QUOTA.tokens, quota + QUOTA.refill);
      },
      requeue({ kind }, tries) {
        const cost = kind === 'outage' ? QUOTA.timeout : QUOTA.retry;
        const baseMs = kind === 'rejected' ? BACKOFF.throttledBaseMs : BACKOFF.baseMs;
        const mayRetry = quota >= cost;
        if (mayRetry) quota -= cost;
        // The SDK fails the call when the quota is spent; a durable queue tries it again after the longest backoff.
        const delayMs = mayRetry ? Math.min(BACKOFF.maxMs, baseMs * 2 ** (tries - 1)) : BACKOFF.maxMs;
        return delayMs * random();
      },
    };
  };
}

/** The rate a second, after throttles and successes; seconds inside, as the formula has them. */
export class AdaptiveRate {
  isOn = false;
  rate: number = MIN_RATE;
  #capacity = 1;
  #tokens = 0;
  #filledAt = 0;
  #wMax = 0;
  #throttledAt = 0;
  #measured = 0;
  #bucket = 0;
  #sends = 0;

  nextAt(now: number): number {
    this.#fill(now);
    return this.#tokens >= 1 ? now : now + ((1 - this.#tokens) / this.rate) * 1000;
  }

  take(now: number): void {
    if (!this.isOn) return;
    this.#fill(now);
    this.#tokens -= 1;
  }

  answered(now: number, isThrottle: boolean): void {
    this.#measure(now);
    if (isThrottle) {
      this.#wMax = this.isOn ? Math.min(this.#measured, this.rate) : this.#measured;
      this.#throttledAt = now;
      this.isOn = true;
      this.#setRate(now, BETA * this.#wMax);
    } else if (this.isOn) this.#setRate(now, cubicRate(this.#wMax, (now - this.#throttledAt) / 1000));
  }

  #setRate(now: number, wanted: number): void {
    this.#fill(now);
    this.rate = Math.max(MIN_RATE, Math.min(wanted, 2 * this.#measured));
    this.#capacity = Math.max(1, this.rate);
    this.#tokens = Math.min(this.#tokens, this.#capacity);
  }

  #fill(now: number): void {
    const gained = ((now - this.#filledAt) / 1000) * this.rate;
    this.#tokens = Math.min(this.#capacity, this.#tokens + gained);
    this.#filledAt = now;
  }

  /** Answers a second, averaged over half-second buckets. */
  #measure(now: number): void {
    this.#sends += 1;
    const bucket = Math.floor(now / BUCKET_MS);
    if (bucket <= this.#bucket) return;
    const perSecond = this.#sends / (((bucket - this.#bucket) * BUCKET_MS) / 1000);
    this.#measured =
      this.#measured === 0 ? perSecond : perSecond * SMOOTHING + this.#measured * (1 - SMOOTHING);
    this.#bucket = bucket;
    this.#sends = 0;
  }
}

/** CUBIC (RFC 9438) in requests a second: back at `wMax` after K seconds, flat there, then ever steeper. */
export function cubicRate(wMax: number, seconds: number): number {
  const k = Math.cbrt((wMax * (1 - BETA)) / SCALE);
  return SCALE * (seconds - k) ** 3 + wMax;
}
