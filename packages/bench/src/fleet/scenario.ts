import { between } from './random.js';
import { type FluidShape, FluidService } from './services/fluid.js';
import type { Service } from './services/service.js';

/** A stream of new jobs over time; the clients take turns at random. */
export interface Arrivals {
  perSecond: number;
  fromMs: number;
  untilMs: number;
}

/** What a fleet goes through. Times are milliseconds since the start. */
export interface Scenario {
  clients: number;
  /** Requests a second that the service can do: the measure of results. */
  capacity: number;
  service: () => Service;
  /** Jobs that wait at the start, shared among the clients by weights of U(0.2, 1.8). */
  backlog: number;
  /** The clients begin within so long. */
  spreadMs: number;
  /** How long they had been offline; 0: they never were. */
  offlineMs: number;
  arrivals?: Arrivals;
  /** The share of jobs that fail however often they are tried. */
  poisonShare?: number;
  /** Failed attempts after which a job is given up. */
  maxAttempts?: number;
  untilMs: number;
  /** No more attempts than this: a collapse would go on for ever. */
  maxSends: number;
}

/** Half a minute, as browsers and our own policy have it. */
export const TIMEOUT_MS = 30_000;

/** Streams at once on one HTTP/2 connection, as most servers allow. */
export const TRANSPORT_CAP = 100;

export const ROUND_TRIP = { medianMs: 60, sigma: 0.5 } as const;
export const BASE_LATENCY_MS = { min: 15, max: 45 } as const;

export const FLUID: Omit<FluidShape, 'capacity'> = { queueMs: 500, rejectionCost: 0.1 };

/** A fleet returns within a second after 100 s, each client with its share of the backlog. */
export function reconnectBurst(clients: number, over: Partial<FluidShape> = {}): Scenario {
  const capacity = clients === 1 ? 100 : 1000;
  const backlogSeconds = clients > 60_000 ? 100 : 60;
  const backlog = capacity * backlogSeconds;
  return {
    clients,
    capacity,
    service: () => new FluidService({ ...FLUID, capacity, ...over }),
    backlog,
    spreadMs: 1000,
    offlineMs: 100_000,
    untilMs: 40 * backlogSeconds * 1000,
    maxSends: 25 * backlog,
  };
}

/** How many jobs of the backlog each client has: by weights of U(0.2, 1.8), all of them together. */
export function sharesOf(backlog: number, clients: number, random: () => number): number[] {
  const weights = Array.from({ length: clients }, () => between(0.2, 1.8, random));
  const perWeight = backlog / weights.reduce((sum, weight) => sum + weight, 0);
  let owed = 0;
  return weights.map((weight) => {
    const before = Math.round(owed);
    owed += weight * perWeight;
    return Math.round(owed) - before;
  });
}
