/**
 * Full jitter: a uniform delay under an exponential ceiling (Brooker, "Exponential Backoff And Jitter", AWS 2015).
 *
 * @param failures so far, from 1
 * @param chance a number in [0, 1)
 */
export function backoffMs(
  failures: number,
  limits: { baseMs: number; maxMs: number },
  chance: number,
): number {
  const ceilingMs = Math.min(limits.maxMs, limits.baseMs * 2 ** (failures - 1));
  return Math.round(chance * ceilingMs);
}
