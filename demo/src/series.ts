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

/** Counts what happens into the second in which it happens: a busy page hears of it later, and of a send before it leaves. */
export class Series {
  /** Up to the last second of which something is known, which may lie ahead. */
  #samples: Sample[];
  #last: Sample;

  constructor(now: number, level: Level) {
    const at = secondOf(now);
    this.#last = { at, arrivals: 0, dispatches: 0, ...level };
    const past = Array.from({ length: WINDOW_SECONDS }, (_, i) => ({
      ...this.#last,
      at: at - WINDOW_SECONDS + i,
      depth: 0,
    }));
    this.#samples = [...past, this.#last];
  }

  arrived(at: number): void {
    this.#count('arrivals', at);
  }

  dispatched(at: number): void {
    this.#count('dispatches', at);
  }

  stands(now: number, level: Level): void {
    this.#reach(now);
    for (const sample of this.#samples) if (sample.at >= secondOf(now)) Object.assign(sample, level);
  }

  /** The seconds that are over. */
  samples(now: number): readonly Sample[] {
    this.#reach(now);
    const second = secondOf(now);
    this.#samples = this.#samples.filter(({ at }) => at >= second - WINDOW_SECONDS);
    return this.#samples.filter(({ at }) => at < second);
  }

  /** What happened too long ago to be shown is not counted. */
  #count(name: 'arrivals' | 'dispatches', instant: number): void {
    this.#reach(instant);
    const sample = this.#samples.find(({ at }) => at === secondOf(instant));
    if (sample) sample[name] += 1;
  }

  /** Seconds in which nothing happened stand as the one before them. */
  #reach(instant: number): void {
    while (this.#last.at < secondOf(instant)) {
      this.#last = { ...this.#last, at: this.#last.at + 1, arrivals: 0, dispatches: 0 };
      this.#samples.push(this.#last);
    }
  }
}

function secondOf(instant: number): number {
  return Math.floor(instant / 1000);
}
