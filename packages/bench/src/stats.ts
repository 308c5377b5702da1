/** The middle of a sample, and how far it spreads. */
export interface Summary {
  median: number;
  min: number;
  max: number;
  samples: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const at = (i: number): number => sorted[i] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1), samples: sorted.length };
}

/** The most instants that any half-open window of `perMs` holds. */
export function mostInAWindow(instants: readonly number[], perMs: number): number {
  const sorted = instants.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= perMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
