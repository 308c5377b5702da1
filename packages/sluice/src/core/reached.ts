import type { AttemptEnd } from './attempt.js';
import type { QueuePolicy } from './policy.js';
import type { QueueRow } from './queue-row.js';

/** The origin that a request goes to, where that has a limit which its send was not charged to. */
export function unchargedOrigin(
  url: string,
  { limits }: Pick<QueuePolicy, 'limits'>,
  charged: readonly string[] = [],
): string | undefined {
  const { origin } = new URL(url);
  return Object.hasOwn(limits, origin) && !charged.includes(origin) ? origin : undefined;
}

/** From now on each send of the queue is charged to the limit of that origin, too. */
export function noteReached(row: QueueRow, end: AttemptEnd): void {
  if (end.kind !== 'unsent' || end.origin === undefined) return;
  row.reached = [...new Set([...(row.reached ?? []), end.origin])];
}
