import { type Controller, type ControllerMaker, type Decision, within } from '../controller.js';

const WINDOW_MS = 120_000;
const BUCKETS = 24;
const BUCKET_MS = WINDOW_MS / BUCKETS;
const K = 2;
const IN_FLIGHT = 10;
const REFUSED_REST_MS = 1000;

/**
 * Client-side throttling of Google's SRE book ("Handling Overload"): over two minutes, refuse locally what goes beyond
 * K times what was accepted. Ten in flight; a refused one rests for about a second.
 */
export function google(): ControllerMaker {
  return (random): Controller => {
    const window = new TwoMinutes();
    let resumeAt = 0;
    return {
      decide(now, { inFlight }): Decision {
        if (now < resumeAt) return { kind: 'wait', until: resumeAt };
        const allowed = within(IN_FLIGHT, inFlight);
        if (allowed.kind !== 'send') return allowed;
        if (random() >= window.refusal(now)) return { kind: 'send', n: 1, maxRetries: 1 };
        window.request(now);
        resumeAt = now + REFUSED_REST_MS * (0.5 + random());
        return { kind: 'wait', until: resumeAt };
      },
      sent: (now) => window.request(now),
      observe(now, { kind }) {
        if (kind === 'accepted') window.accept(now);
      },
      requeue: () => 0,
    };
  };
}

/** Requests, refused ones among them, and accepts of the last two minutes. */
export class TwoMinutes {
  readonly #requests = new Int32Array(BUCKETS);
  readonly #accepts = new Int32Array(BUCKETS);
  #bucket = 0;

  request(now: number): void {
    const slot = this.#slotAt(now);
    this.#requests[slot] = (this.#requests[slot] as number) + 1;
  }

  accept(now: number): void {
    const slot = this.#slotAt(now);
    this.#accepts[slot] = (this.#accepts[slot] as number) + 1;
  }

  /** The probability with which the next request is refused. */
  refusal(now: number): number {
    this.#slotAt(now);
    const requests = this.#requests.reduce((sum, n) => sum + n, 0);
    const accepts = this.#accepts.reduce((sum, n) => sum + n, 0);
    return Math.max(0, (requests - K * accepts) / (requests + 1));
  }

  #slotAt(now: number): number {
    const bucket = Math.max(0, Math.floor(now / BUCKET_MS));
    const from = Math.max(this.#bucket + 1, bucket - BUCKETS + 1);
    for (let old = from; old <= bucket; old++) {
      this.#requests[old % BUCKETS] = 0;
      this.#accepts[old % BUCKETS] = 0;
    }
    this.#bucket = Math.max(this.#bucket, bucket);
    return this.#bucket % BUCKETS;
  }
}
