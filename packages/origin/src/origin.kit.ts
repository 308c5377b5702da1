import { onTestFinished } from 'vitest';
import { type Origin, type OriginOptions, startOrigin } from './origin.js';

/** An origin that is closed when the test ends. */
export async function start(options?: OriginOptions): Promise<Origin> {
  const origin = await startOrigin(options);
  onTestFinished(() => origin.close());
  return origin;
}

/** One request per slot of a thousand seconds: the first is served at once, all others wait. */
export const ONE_THEN_NONE = 0.001;

export function order(origin: Origin, key?: string): Promise<Response> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  return fetch(`${origin.url}/api/orders`, { method: 'POST', body: 'an order', headers });
}

/** Holds once so many requests have been received and read. */
export function allRead(count: number): (origin: Origin) => boolean {
  return ({ arrivals }) => arrivals.length === count && arrivals.every(({ bodySha256 }) => bodySha256 !== '');
}
