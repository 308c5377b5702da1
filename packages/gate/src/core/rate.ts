/** At most `limit` sends in any window of `perMs`, over all nodes. */
export interface Rate {
  limit: number;
  perMs: number;
  /** Sends that may leave at once after idleness. Default 1: evenly spaced. */
  burst?: number;
}

/** A send may leave so much after its instant, for what timers and the store's clock are off by. */
const MOST_MARGIN_MS = 250;
const LEAST_MARGIN_MS = 5;

/**
 * What a window is widened by. Each send leaves between its instant and `marginMs` later, so that two sends whose instants are
 * `perMs + marginMs` apart leave at least `perMs` apart.
 */
export function marginMsOf({ perMs }: Rate): number {
  return Math.min(MOST_MARGIN_MS, Math.max(LEAST_MARGIN_MS, perMs / 40));
}

/** The window that the schedule keeps. */
export function windowMsOf(rate: Rate): number {
  return rate.perMs + marginMsOf(rate);
}

/** Between two sends in a row: of a window's sends the first `burst` are its start. */
export function spacingMsOf(rate: Rate): number {
  return windowMsOf(rate) / (rate.limit - burstOf(rate) + 1);
}

/** How far ahead of even spacing a send may be. */
export function toleranceMsOf(rate: Rate): number {
  return (burstOf(rate) - 1) * spacingMsOf(rate);
}

function burstOf({ burst = 1 }: Rate): number {
  return burst;
}
