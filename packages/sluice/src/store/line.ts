import type { Job } from '../core/job.js';
import type { Owner } from '../core/identity.js';
import type { JobOptions } from '../core/job-options.js';
import {
  afterServing,
  EMPTY_CLASS,
  isAgeingTurn,
  placeAfter,
  placeOf,
  rankOf,
  ranksOf,
} from '../core/line.js';
import type { QueueRow } from '../core/queue-row.js';
import type { Ledger } from './ledger.js';
import { jobsOf } from './rows.js';

/** Gives a new job its rank. One read and one write at most, whatever stands in line. */
export async function joinLine(
  ledger: Ledger,
  owner: Owner,
  { priority = 0, cost = 1, fairnessKey }: JobOptions,
): Promise<number> {
  const { classes } = ledger.row;
  const own = classes[priority] ?? EMPTY_CLASS;
  if (fairnessKey === undefined) {
    const end = placeAfter(own, own.end, cost);
    classes[priority] = { ...own, end };
    return rankOf(priority, end);
  }
  classes[priority] = own;
  const end = await joinFlow(ledger, { owner, priority, fairnessKey }, (flowEnd) =>
    placeAfter(own, flowEnd, cost),
  );
  return rankOf(priority, end);
}

/** One more job of a fairness key is live; `next` gives the place of its last one. */
async function joinFlow(
  { tx, row }: Ledger,
  { owner, priority, fairnessKey }: { owner: Owner; priority: number; fairnessKey: string },
  next: (flowEnd: number | undefined) => number,
): Promise<number> {
  const flow = await tx.get('flows', [row.name, owner, priority, fairnessKey]);
  const end = next(flow?.end);
  tx.put('flows', { queue: row.name, owner, priority, key: fairnessKey, end, live: (flow?.live ?? 0) + 1 });
  return end;
}

/** A dead job lives again, at the rank that it had. */
export async function rejoinFlow(ledger: Ledger, { owner, priority, rank, fairnessKey }: Job): Promise<void> {
  if (fairnessKey === undefined) return;
  const place = placeOf(priority, rank);
  await joinFlow(ledger, { owner, priority, fairnessKey }, (flowEnd) => Math.max(place, flowEnd ?? 0));
}

/** A job has ended: a flow without live jobs is forgotten, and joins anew where its class then is. */
export async function leaveFlow({ tx, row }: Ledger, { owner, priority, fairnessKey }: Job): Promise<void> {
  if (fairnessKey === undefined) return;
  const flow = await tx.get('flows', [row.name, owner, priority, fairnessKey]);
  if (flow && flow.live > 1) tx.put('flows', { ...flow, live: flow.live - 1 });
  else tx.delete('flows', [row.name, owner, priority, fairnessKey]);
}

/** A job is taken out of the line to be sent, by itself or with the one before it. */
export function serve({ row }: Ledger, { priority, rank }: Job, { rides }: { rides: boolean }): void {
  const { classes, overtakes } = row;
  const isLowest = Object.keys(classes).every((other) => Number(other) >= priority);
  if (!rides) row.overtakes = isLowest || isAgeingTurn(overtakes) ? 0 : overtakes + 1;
  classes[priority] = afterServing(classes[priority] ?? EMPTY_CLASS, placeOf(priority, rank));
}

/**
 * The next jobs to be served, at most `count`. With one class in use they are the head of the line; with several they are
 * taken one by one, since the oldest of all may have its turn among them.
 */
export async function nextInLine(
  ledger: Ledger,
  count: number,
  head?: readonly Job[],
): Promise<readonly Job[]> {
  const { tx, row } = ledger;
  if (isTurnOfOldest(row)) return oldestHead(ledger);
  const most = isOneClass(row) ? count : 1;
  return head ? head.slice(0, most) : tx.all('jobs', { ...jobsOf(row, 'ready'), count: most });
}

/** What is next in line for one request, at most `count` jobs: with the oldest of all among them, where it has its turn. */
export async function nextTogether(ledger: Ledger, count: number): Promise<readonly Job[]> {
  const { tx, row } = ledger;
  const head = await tx.all('jobs', { ...jobsOf(row, 'ready'), count });
  const [oldest] = isTurnOfOldest(row) ? await oldestHead(ledger) : [];
  return oldest ? [oldest, ...head.filter(({ seq }) => seq !== oldest.seq)].slice(0, count) : head;
}

function isTurnOfOldest(row: QueueRow): boolean {
  return !isOneClass(row) && isAgeingTurn(row.overtakes);
}

export function isOneClass({ classes }: QueueRow): boolean {
  return Object.keys(classes).length < 2;
}

async function oldestHead({ tx, row }: Ledger): Promise<Job[]> {
  const heads: Job[] = [];
  for (const priority of Object.keys(row.classes).map(Number)) {
    const [from, to] = ranksOf(priority).map((rank) => [row.name, row.owner, 'ready', rank]);
    if (from && to) heads.push(...(await tx.all('jobs', { index: 'byState', from, to, count: 1 })));
  }
  return heads.toSorted((a, b) => a.seq - b.seq).slice(0, 1);
}
