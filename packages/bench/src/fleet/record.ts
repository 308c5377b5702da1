const BIN_MS = 100;
const BINS_PER_SECOND = 1000 / BIN_MS;

/** Counts by time, in bins of a tenth of a second. */
export class Series {
  #bins = new Float64Array(1024);
  #end = 0;
  total = 0;

  add(at: number): void {
    const bin = Math.max(0, Math.floor(at / BIN_MS));
    if (bin >= this.#bins.length) {
      const grown = new Float64Array(Math.max(2 * this.#bins.length, bin + 1));
      grown.set(this.#bins);
      this.#bins = grown;
    }
    this.#bins[bin] = (this.#bins[bin] as number) + 1;
    this.#end = Math.max(this.#end, bin + 1);
    this.total += 1;
  }

  /** How many in [from, until), which are rounded to bins. */
  between(from: number, until: number): number {
    let sum = 0;
    const last = Math.min(this.#end, Math.round(until / BIN_MS));
    for (let bin = Math.round(from / BIN_MS); bin < last; bin++) sum += this.#bins[bin] as number;
    return sum;
  }

  /** The most in any second that begins on a bin. */
  peakPerSecond(): number {
    let sum = 0;
    let peak = 0;
    for (let bin = 0; bin < this.#end; bin++) {
      sum += this.#bins[bin] as number;
      if (bin >= BINS_PER_SECOND) sum -= this.#bins[bin - BINS_PER_SECOND] as number;
      peak = Math.max(peak, sum);
    }
    return peak;
  }

  /** The end of the bin in which the nth fell, or Infinity. */
  whenReached(n: number): number {
    let sum = 0;
    for (let bin = 0; bin < this.#end; bin++) {
      sum += this.#bins[bin] as number;
      if (sum >= n) return (bin + 1) * BIN_MS;
    }
    return Infinity;
  }
}

/** What a run did, by time. */
export class RunRecord {
  readonly created: Series = new Series();
  /** At the service. */
  readonly arrivals: Series = new Series();
  readonly accepted: Series = new Series();
  readonly rejected: Series = new Series();
  readonly ends: Series = new Series();
  jobs = 0;
  lastEndAt = 0;
  lost = 0;
  givenUp = 0;
  timeouts = 0;
  isCapped = false;
  /** How long the accepted attempts took, in order of their replies. */
  readonly rttMs: number[] = [];
  /** From the creation of a job to its first attempt, in order of those. */
  readonly firstTryDelayMs: number[] = [];

  accept(now: number, rttMs: number): void {
    this.accepted.add(now);
    this.rttMs.push(rttMs);
    this.end(now);
  }

  /** A job has ended, one way or another. */
  end(now: number): void {
    this.ends.add(now);
    this.lastEndAt = now;
  }
}
