import type { Job } from '../core/job.js';
import type { Ledger } from './ledger.js';
import { isOneClass } from './line.js';
import { jobsOf } from './rows.js';

/** Jobs of the line that a claim chooses among while some fail as in an outage, besides the last of it. */
const LOOKED_AT = 16;

/**
 * The head of the line; while jobs fail as in an outage, first what is least like them: they may fail by themselves, or their part
 * of the service may. Between classes of priority a probe alone chooses so. Of equals every other probe takes the last of the line:
 * all at its head may be of the kind that fails.
 */
export async function unlikeFirst(
  { tx, row }: Ledger,
  ready: Job[],
  delayed: readonly Job[],
): Promise<Job[]> {
  const { phase } = row.flow;
  const failed = delayed.filter(({ failing }) => failing);
  const isBound = phase.kind !== 'probe' && !isOneClass(row);
  if (ready.length === 0 || failed.length === 0 || isBound) return ready;
  const range = jobsOf(row, 'ready');
  const [head, last] = await Promise.all([
    tx.all('jobs', { ...range, count: Math.max(ready.length, LOOKED_AT) }),
    tx.last('jobs', range),
  ]);
  const others = last && head.length >= LOOKED_AT ? [last] : [];
  const isFromEnd = phase.kind === 'probe' && phase.tries % 2 === 0;
  const line = isFromEnd ? [...others, ...head.toReversed()] : [...head, ...others];
  return line
    .map((job) => ({ job, likeness: likeness(job, failed) }))
    .toSorted((a, b) => a.likeness - b.likeness)
    .slice(0, ready.length)
    .map(({ job }) => job);
}

/** By their URLs, since a service is apt to be there and gone by path. */
function likeness({ failing, request: { url } }: Job, failed: readonly Job[]): number {
  if (failing) return Number.POSITIVE_INFINITY;
  return Math.max(...failed.map(({ request }) => sharedLength(url, request.url)));
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
