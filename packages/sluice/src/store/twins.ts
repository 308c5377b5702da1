import type { Owner } from '../core/identity.js';
import type { Job, JobDraft, Ticket } from '../core/job.js';
import type { Ledger } from './ledger.js';
import type { TwinRow } from './rows.js';

/** What stands for the same thing as a draft, by its dedupe key. */
export type Twin =
  | { kind: 'none' }
  /** The draft is the same thing again: it gets that ticket. */
  | { kind: 'duplicate'; row: TwinRow }
  /** It waits, and the two may become one. */
  | { kind: 'older'; job: Job };

export async function findTwin(
  ledger: Ledger,
  { owner, options, coalesce, firstTry }: JobDraft,
): Promise<Twin> {
  const twin = await findTwinRow(ledger, owner, options.dedupeKey);
  if (!twin) return { kind: 'none' };
  if (!coalesce) return { kind: 'duplicate', row: twin };
  const job = await ledger.tx.get('jobs', [ledger.row.name, twin.seq]);
  // What is under way, or may have arrived, is not to be changed under its key: the newer one is a job of its own.
  if (firstTry || !job || job.state.kind === 'leased' || job.mayHaveArrived) return { kind: 'none' };
  return { kind: 'older', job };
}

/** The job stands for its dedupe key from now on. `isShared`: it has in it what another call has submitted. */
export function rememberTwin(
  { tx, row, now }: Ledger,
  job: Job,
  { isShared }: { isShared?: boolean | undefined } = {},
): void {
  const { owner, seq, ticket, dedupeKey } = job;
  if (dedupeKey === undefined) return;
  // Not forgotten while it may still wait: it would let its own duplicate in.
  const expiresAt = Math.max(now + row.policy.dedupeWindowMs, job.expiresAt);
  tx.put('twins', {
    queue: row.name,
    owner,
    key: dedupeKey,
    seq,
    ticket,
    expiresAt,
    ...(isShared ? { shared: true } : {}),
  });
}

/** What was not delivered may be submitted again: its dedupe key stands for it no longer. */
export async function forgetTwin({ tx }: Ledger, { queue, owner, seq, dedupeKey }: Job): Promise<void> {
  if (dedupeKey === undefined) return;
  const twin = await tx.get('twins', [queue, owner, dedupeKey]);
  if (twin?.seq === seq) tx.delete('twins', [queue, owner, dedupeKey]);
}

/** The other job that stands for the dedupe key of this one by now, if any. */
export async function findRival(ledger: Ledger, job: Job): Promise<Ticket | undefined> {
  const twin = await findTwinRow(ledger, job.owner, job.dedupeKey);
  return twin?.seq === job.seq ? undefined : twin?.ticket;
}

/** Whether more than one call has submitted it. */
export async function isOfManyCalls(ledger: Ledger, job: Job): Promise<boolean> {
  const twin = await findTwinRow(ledger, job.owner, job.dedupeKey);
  return twin?.seq === job.seq && twin.shared === true;
}

/** Which job stands for a dedupe key, if any. */
export async function findTwinRow(
  { tx, row, now }: Ledger,
  owner: Owner,
  dedupeKey: string | undefined,
): Promise<TwinRow | undefined> {
  if (dedupeKey === undefined) return undefined;
  const twin = await tx.get('twins', [row.name, owner, dedupeKey]);
  return twin && twin.expiresAt > now ? twin : undefined;
}
