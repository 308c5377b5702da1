/** One second of the queue's life. */
export interface Sample {
  at: number;
  arrivals: number;
  dispatches: number;
  depth: number;
}

/** How much of the past the charts show. */
export const WINDOW_SECONDS = 60;

/** Counts what happens within each second, and keeps the last minute. */
export class Series {
  #samples: Sample[];
  #arrivals = 0;
  #dispatches = 0;

  constructor(now: number) {
    this.#samples = Array.from({ length: WINDOW_SECONDS }, (_, i) => ({
      at: Math.round(now / 1000) - WINDOW_SECONDS + i,
      arrivals: 0,
      dispatches: 0,
      depth: 0,
    }));
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  arrived(): void {
    this.#arrivals += 1;
  }

  dispatched(): void {
    this.#dispatches += 1;
  }

  /** Ends the second that runs. */
  tick(now: number, depth: number): void {
    const sample = {
      at: Math.round(now / 1000),
      arrivals: this.#arrivals,
      dispatches: this.#dispatches,
      depth,
    };
    this.#samples = [...this.#samples.slice(1), sample];
    this.#arrivals = 0;
    this.#dispatches = 0;
  }
}
