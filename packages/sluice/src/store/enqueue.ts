import type { JobDraft } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer } from '../core/ports.js';
import type { QueueRow } from '../core/queue-row.js';
import { acceptedAs, admit, entryOf } from './admit.js';
import { adoptBefore } from './adopt.js';
import { coalesce } from './coalesce.js';
import { identityRow } from './identity.js';
import type { Ledger, RulesOf } from './ledger.js';
import { writePolicies } from './policies.js';
import type { Database, TwinRow, Tx } from './rows.js';
import type { Scope } from './scope.js';
import { findTwin } from './twins.js';

export interface EnqueueContext {
  policies: Record<string, QueuePolicy>;
  now: number;
  rulesOf: RulesOf;
  scope: Scope;
}

/** Accepts drafts in order, in one strict transaction: answered means written. */
export async function enqueue(
  database: Database,
  drafts: readonly JobDraft[],
  context: EnqueueContext,
): Promise<EnqueueAnswer[]> {
  const answers = await enqueueWhereKnown(database, drafts, context);
  if (answers !== 'new-queue') return answers;
  await writePolicies(database, context.policies, { overwrite: false });
  const second = await enqueueWhereKnown(database, drafts, context);
  if (second === 'new-queue') throw new Error('a queue has neither row nor policy');
  return second;
}

/** A queue without a row needs one first: whose jobs it sends stands in another table. */
function enqueueWhereKnown(
  database: Database,
  drafts: readonly JobDraft[],
  { now, rulesOf, scope }: EnqueueContext,
): Promise<EnqueueAnswer[] | 'new-queue'> {
  return scope.run(database, { mode: 'readwrite', durability: 'strict' }, async (tx) => {
    const rows = await byKey(
      drafts.map(({ queue }) => queue),
      (queue) => tx.get('queues', queue),
    );
    if ([...rows.values()].includes(undefined)) return 'new-queue';
    const isKnown = await knownOwners(tx, drafts, { rows: rows as Map<string, QueueRow>, now });
    const answers: EnqueueAnswer[] = [];
    for (const draft of drafts) {
      const row = rows.get(draft.queue) as QueueRow;
      const ledger: Ledger = { tx, row, now, events: [], rulesOf };
      answers.push(isKnown(draft) ? await accept(ledger, draft) : SIGNED_OUT);
    }
    for (const row of rows.values()) tx.put('queues', row as QueueRow);
    return answers;
  });
}

/** The user who is signed in has not been forgotten: only others are looked up, since each read is a wait. */
async function knownOwners(
  tx: Tx,
  drafts: readonly JobDraft[],
  { rows, now }: { rows: Map<string, QueueRow>; now: number },
): Promise<(draft: JobDraft) => boolean> {
  const isSignedIn = ({ queue, owner }: JobDraft): boolean => rows.get(queue)?.owner === owner;
  const others = drafts.filter((draft) => !isSignedIn(draft)).map(({ owner }) => owner);
  if (others.length === 0) return () => true;
  const owners = await byKey(others, (owner) => tx.get('owners', owner));
  const since = (await identityRow(tx))?.since ?? Number.POSITIVE_INFINITY;
  // The clocks of two contexts may be apart by so much; an instant that lies ahead is of one that was set back.
  const isStale = ({ capturedAt = 0 }: JobDraft): boolean => since + APART_MS <= capturedAt && since <= now;
  return (draft) => isSignedIn(draft) || (owners.get(draft.owner)?.user !== undefined && !isStale(draft));
}

const APART_MS = 1000;

const SIGNED_OUT: EnqueueAnswer = {
  kind: 'refused',
  code: 'signed-out',
  detail: 'its user was cleared, or had signed out before it was submitted; submit it again',
};

/** Each key once, all at the same time: each read by itself is a wait. */
async function byKey<K, V>(keys: readonly K[], read: (key: K) => Promise<V>): Promise<Map<K, V>> {
  return new Map(
    await Promise.all([...new Set(keys)].map(async (key): Promise<[K, V]> => [key, await read(key)])),
  );
}

async function accept(ledger: Ledger, draft: JobDraft): Promise<EnqueueAnswer> {
  await adoptBefore(ledger, draft);
  const twin = await findTwin(ledger, draft);
  if (twin.kind === 'duplicate') return duplicate(ledger, twin.row);
  const entry = await entryOf(ledger, draft);
  if ('kind' in entry) return entry;
  const coalesced = twin.kind === 'older' ? await coalesce(ledger, entry, twin.job) : undefined;
  return coalesced ?? admit(ledger, entry);
}

async function duplicate(ledger: Ledger, twin: TwinRow): Promise<EnqueueAnswer> {
  const { row, events, tx } = ledger;
  const { seq, ticket } = twin;
  row.counts.deduplicated += 1;
  events.push({ type: 'deduplicated', queue: row.name, ticket });
  if (!twin.shared) tx.put('twins', { ...twin, shared: true });
  const job = await tx.get('jobs', [row.name, seq]);
  const result = job ? undefined : await tx.get('results', [row.name, seq]);
  return acceptedAs(ledger, { ticket, state: job?.state ?? result?.end ?? FORGOTTEN });
}

/** What was not delivered stands for its key no longer: this was, and its result is kept no more. */
const FORGOTTEN = { kind: 'done', at: 0 } as const;
