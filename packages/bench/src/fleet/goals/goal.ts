/** One number that a goal asks for: its bar, and what each seed reached. */
export interface Bar {
  goal: string;
  what: string;
  bar: { atMost: number } | { atLeast: number };
  reached: number[];
}

/** A goal is measured for each seed; its bars come in the same order each time. */
export type Measured = Omit<Bar, 'goal' | 'reached'> & { reached: number };

export interface Goal {
  name: string;
  /** Runs only by hand: minutes, not seconds. */
  isLarge?: boolean;
  measure: (seed: number) => Measured[];
}

export function atMost(what: string, bar: number, reached: number): Measured {
  return { what, bar: { atMost: bar }, reached };
}

export function atLeast(what: string, bar: number, reached: number): Measured {
  return { what, bar: { atLeast: bar }, reached };
}

/** Measures a goal with each seed. */
export function barsOf({ name, measure }: Goal, seeds: readonly number[]): Bar[] {
  const runs = seeds.map(measure);
  return (runs[0] ?? []).map(({ what, bar }, i) => ({
    goal: name,
    what,
    bar,
    reached: runs.map((run) => run[i]?.reached ?? Number.NaN),
  }));
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean over the seeds holds the bar. */
export function isMet({ bar, reached }: Bar): boolean {
  const mean = meanOf(reached);
  return 'atMost' in bar ? mean <= bar.atMost : mean >= bar.atLeast;
}

/** The value below which a share of the sample lies; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
