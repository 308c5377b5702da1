/** What stands at an instant. */
export interface Level {
  depth: number;
  limit: number;
}

/** One second of the queue's life. */
export interface Sample extends Level {
  at: number;
  arrivals: number;
  dispatches: number;
}

/** How much of the past the charts show. */
const WINDOW_SECONDS = 60;

/** Counts what happens into the second in which it happens, since a hidden tab hears all and draws seldom. */
export class Series {
  #past: Sample[];
  #current: Sample;

  constructor(now: number, level: Level) {
    const at = Math.floor(now / 1000);
    this.#current = { at, arrivals: 0, dispatches: 0, ...level };
    this.#past = Array.from({ length: WINDOW_SECONDS }, (_, i) => ({
      ...this.#current,
      at: at - WINDOW_SECONDS + i,
      depth: 0,
    }));
  }

  arrived(now: number): void {
    this.#secondOf(now).arrivals += 1;
  }

  dispatched(now: number): void {
    this.#secondOf(now).dispatches += 1;
  }

  stands(now: number, level: Level): void {
    Object.assign(this.#secondOf(now), level);
  }

  /** The seconds that are over. */
  samples(now: number): readonly Sample[] {
    this.#secondOf(now);
    return this.#past;
  }

  /** Seconds in which nothing happened stand as the one before them. */
  #secondOf(now: number): Sample {
    while (this.#current.at < Math.floor(now / 1000)) {
      this.#past = [...this.#past.slice(1), this.#current];
      this.#current = { ...this.#current, at: this.#current.at + 1, arrivals: 0, dispatches: 0 };
    }
    return this.#current;
  }
}
