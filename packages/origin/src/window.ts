import type { Window } from './behaviour.js';

/** How much of a window is used at an instant. */
export interface Usage extends Window {
  remaining: number;
  /** Until the oldest counted request leaves the window; 0 if there is none. */
  resetMs: number;
}

/** The usage of the window that ends at `now`, from the instants of those let in, oldest first. */
export function usageOf(window: Window, letInAt: readonly number[], now: number): Usage {
  const first = letInAt.findIndex((at) => at > now - window.perMs);
  const used = first === -1 ? 0 : letInAt.length - first;
  const oldestAt = letInAt[first];
  return {
    ...window,
    remaining: Math.max(window.limit - used, 0),
    resetMs: oldestAt === undefined ? 0 : oldestAt + window.perMs - now,
  };
}

/** The capacity as a window, for those who ask how much is left: whole requests per whole seconds. */
export function windowOfRate(ratePerSecond: number): Window | undefined {
  if (ratePerSecond === Number.POSITIVE_INFINITY) return undefined;
  if (ratePerSecond >= 1) return { limit: Math.floor(ratePerSecond), perMs: 1000 };
  return { limit: 1, perMs: Math.ceil(1 / ratePerSecond) * 1000 };
}
