import type { Connection } from './app.js';

export interface Pace {
  limit: number;
  concurrency: number;
}

/** What the config says, until the user asks for something else. */
export const FIRST_PACE: Pace = { limit: 5, concurrency: 2 };

export function paceOf(sluice: Connection): Pace {
  const { rate, concurrency } = sluice.snapshot().queues.orders?.patch ?? {};
  return {
    limit: rate?.limit ?? FIRST_PACE.limit,
    concurrency: concurrency ?? FIRST_PACE.concurrency,
  };
}

/** Stored with the queue: it holds with and without a service worker, in all tabs, and over reloads. */
export function applyPace(sluice: Connection, { limit, concurrency }: Pace): Promise<void> {
  return sluice.setPolicy('orders', { rate: { limit, perMs: 1000 }, concurrency });
}
