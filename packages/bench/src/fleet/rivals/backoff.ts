/** The usual exponential backoff: 1 s, doubled each time, 32 s at the most. */
export function ceilingMs(tries: number): number {
  return Math.min(32_000, 1000 * 2 ** (tries - 1));
}

/** Full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015). */
export function fullJitterMs(tries: number, random: () => number): number {
  return random() * ceilingMs(tries);
}
