import type { Flow } from './state.js';

const LARGEST = 10;
const PER_SECOND = 0.1;
const PER_SUCCESS = 0.2;

/** Retries that may be sent at `now`, in fractions. */
export function retriesLeft({ budget }: Flow, now: number): number {
  return Math.min(LARGEST, budget.left + (Math.max(0, now - budget.at) / 1000) * PER_SECOND);
}

/**
 * The budget after `sent` retries were sent, after `succeeded` sends of any kind, and after `ended` retries whose jobs have ended.
 * Those give back what they took. So retries that fail again are at most a fifth of what succeeds, and a trickle besides, and
 * jobs that always fail never crowd out the others (as Finagle's and Envoy's budgets do).
 */
export function budgetAfter(
  flow: Flow,
  now: number,
  { sent = 0, succeeded = 0, ended = 0 }: { sent?: number; succeeded?: number; ended?: number },
): Flow['budget'] {
  const left = retriesLeft(flow, now) - sent + succeeded * PER_SUCCESS + ended;
  return { left: Math.max(0, Math.min(LARGEST, left)), at: now };
}

/** When one retry may be sent. */
export function retryAt(flow: Flow, now: number): number {
  return now + (Math.max(0, 1 - retriesLeft(flow, now)) * 1000) / PER_SECOND;
}
