import type { Flow } from './state.js';

const LARGEST = 10;
const PER_SECOND = 0.1;
const PER_SUCCESS = 0.2;

/** Retries that may be sent at `now`, in fractions. */
export function retriesLeft({ budget }: Flow, now: number): number {
  return Math.min(LARGEST, budget.left + (Math.max(0, now - budget.at) / 1000) * PER_SECOND);
}

/**
 * The budget after retries were sent, or after a first try succeeded: retries are at most a fifth of what succeeds, and a
 * trickle besides, so that jobs that always fail never crowd out the fresh ones (as Finagle's and Envoy's budgets do).
 */
export function budgetAfter(
  flow: Flow,
  now: number,
  { sent = 0, succeeded = 0 }: { sent?: number; succeeded?: number },
): Flow['budget'] {
  const left = retriesLeft(flow, now) - sent + succeeded * PER_SUCCESS;
  return { left: Math.max(0, Math.min(LARGEST, left)), at: now };
}
