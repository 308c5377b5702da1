import type { IncomingMessage } from 'node:http';
import { type Arrival, arrivalOf, type Outcome } from './arrival.js';
import { now } from './clock.js';

/** What is heard of an arrival, in this order: its headers are received, its body is read, it is over. */
type Stage = 'receipt' | 'body' | 'end';
type Listener = (arrival: Arrival) => void;

/** Every request that reached the service, in the order of receipt, and who wants to hear of them. */
export interface ArrivalRecord {
  readonly arrivals: readonly Arrival[];
  receive(request: IncomingMessage): Arrival;
  /** Says that the body has been read. */
  complete(arrival: Arrival): void;
  /** Ends an arrival; no status if no answer left. */
  settle(arrival: Arrival, outcome: Outcome, status?: number): void;
  clear(): void;
  /** Calls back at each of the stages. Answers how to stop that. */
  on(stages: readonly Stage[], listener: Listener): () => void;
}

export function createRecord(): ArrivalRecord {
  const arrivals: Arrival[] = [];
  const listeners = { receipt: new Set<Listener>(), body: new Set<Listener>(), end: new Set<Listener>() };
  let n = 0;
  const tell = (stage: Stage, arrival: Arrival): void => {
    for (const listener of listeners[stage]) listener(arrival);
  };
  return {
    arrivals,
    receive: (request) => {
      n += 1;
      const arrival = arrivalOf(request, { n, at: now() });
      arrivals.push(arrival);
      tell('receipt', arrival);
      return arrival;
    },
    complete: (arrival) => tell('body', arrival),
    settle: (arrival, outcome, status) => {
      arrival.outcome = outcome;
      arrival.status = status;
      arrival.answeredAt = status === undefined ? undefined : now();
      tell('end', arrival);
    },
    clear: () => {
      arrivals.length = 0;
    },
    on: (stages, listener) => {
      // A listener may be given twice: each of its subscriptions ends by itself.
      const own: Listener = (arrival) => listener(arrival);
      for (const stage of stages) listeners[stage].add(own);
      return () => {
        for (const stage of stages) listeners[stage].delete(own);
      };
    },
  };
}

/** How many arrivals ended in which way. */
export function countByOutcome(arrivals: readonly Arrival[]): { [outcome in Outcome]: number } {
  const counts = { accepted: 0, duplicate: 0, rejected: 0, dropped: 0, reset: 0, waiting: 0 };
  for (const { outcome } of arrivals) counts[outcome] += 1;
  return counts;
}
