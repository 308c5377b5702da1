import type { Arrival, Origin } from '@sluice/origin';
import type { Counts } from 'sluice';

/** What the page does in one life of its browser: first wait until the queue is empty, then take orders. */
export interface Plan {
  /** The how manieth time the browser runs. */
  life: number;
  /** How many orders to place, four at a time; `1e9` is as long as the browser lives. */
  orders: number;
  /** The settings of the short form's script. */
  settings: object;
}

/** What the page tells the origin. */
export interface Reports {
  connected: { life: number; controlled: boolean; wake: string };
  emptied: { life: number; counts: Counts | undefined };
  receipt: { life: number; order: string; ticket: string | undefined };
  registered: { life: number; tags: string[] };
  done: { life: number; ticket: string };
}

export type Report<K extends keyof Reports> = Reports[K] & { n: number };

/** One send of an order. */
export interface Send extends Arrival {
  order: string;
  life: number;
}

/** What pages have told, in the order of its arrival. */
export function reportsOf<K extends keyof Reports>({ arrivals }: Origin, kind: K): Report<K>[] {
  return arrivals
    .filter(({ url, body }) => url === `/api/reports/${kind}` && body !== '')
    .map(({ n, body }) => ({ ...(JSON.parse(body) as Reports[K]), n }));
}

/** Every send of every order, in the order of its arrival. */
export function sendsOf({ arrivals }: Origin): Send[] {
  return arrivals
    .filter(({ url, body }) => url === '/api/orders' && body !== '')
    .map((arrival) => ({ ...arrival, order: arrival.body, life: Number.parseInt(arrival.body, 10) }));
}

/** The orders that were answered: a send whose browser died before may have done the work already. */
export function answeredOf(origin: Origin): Set<string> {
  return new Set(
    sendsOf(origin)
      .filter(({ status }) => status === 200)
      .map(({ order }) => order),
  );
}

/** Whether an arrival is of the queue, for faults that leave reports alone. */
export function isOrder({ url }: Arrival): boolean {
  return url === '/api/orders';
}
