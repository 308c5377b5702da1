import type { JobDraft, Ticket } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { newQueueRow } from '../core/queue-row.js';
import { acceptedAs, admit, coalesce } from './admit.js';
import type { Ledger, RewriteOf } from './ledger.js';
import type { Database, Tx } from './rows.js';
import { findTwin } from './twins.js';

export interface EnqueueContext {
  policies: Record<string, QueuePolicy>;
  now: number;
  rewriteOf: RewriteOf;
}

/** Accepts drafts in order, in one strict transaction: answered means written. */
export function enqueue(
  database: Database,
  drafts: readonly JobDraft[],
  context: EnqueueContext,
): Promise<EnqueueAnswer[]> {
  const tables = ['jobs', 'bodies', 'queues', 'results', 'flows', 'twins'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'strict' }, async (tx) => {
    const ledgers = new Map<string, Ledger>();
    const answers: EnqueueAnswer[] = [];
    for (const draft of drafts) {
      const ledger = ledgers.get(draft.queue) ?? (await openLedger(tx, draft.queue, context));
      ledgers.set(draft.queue, ledger);
      answers.push(await accept({ ...ledger, events: [] }, draft));
    }
    for (const { row } of ledgers.values()) tx.put('queues', row);
    return answers;
  });
}

async function openLedger(
  tx: Tx,
  queue: string,
  { policies, now, rewriteOf }: EnqueueContext,
): Promise<Ledger> {
  const policy = policies[queue];
  const row = (await tx.get('queues', queue)) ?? (policy && newQueueRow(queue, policy));
  if (!row) throw new Error(`queue '${queue}' has neither a row nor a policy`);
  return { tx, row, now, events: [], rewriteOf };
}

async function accept(ledger: Ledger, draft: JobDraft): Promise<EnqueueAnswer> {
  const twin = await findTwin(ledger, draft);
  switch (twin.kind) {
    case 'failed':
      return { kind: 'refused', code: 'function-failed', detail: `coalesce threw ${twin.detail}` };
    case 'duplicate':
      return duplicate(ledger, twin.ticket);
    case 'none':
      return admit(ledger, draft);
    case 'older':
      return coalesce(ledger, draft, twin);
  }
}

function duplicate(ledger: Ledger, ticket: Ticket): EnqueueAnswer {
  const { row, events } = ledger;
  row.counts.deduplicated += 1;
  events.push({ type: 'deduplicated', queue: row.name, ticket });
  return acceptedAs(ledger, ticket);
}
