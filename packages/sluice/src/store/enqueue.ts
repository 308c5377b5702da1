import type { SluiceEvent } from '../core/events.js';
import { bytesOf, type Job, type JobDraft, ticketOf } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { depthOf, estimatedStartAt, newQueueRow } from '../core/queue-row.js';
import { cancel, entryState, type Ledger } from './ledger.js';
import type { Database, Tx } from './rows.js';

/** Accepts drafts in order, in one strict transaction: answered means written. */
export function enqueue(
  database: Database,
  drafts: readonly JobDraft[],
  policies: Record<string, QueuePolicy>,
  now: number,
): Promise<EnqueueAnswer[]> {
  const tables = ['jobs', 'bodies', 'queues', 'results'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'strict' }, async (tx) => {
    const ledgers = new Map<string, Ledger>();
    const answers: EnqueueAnswer[] = [];
    for (const draft of drafts) {
      const ledger = ledgers.get(draft.queue) ?? (await openLedger(tx, draft.queue, policies, now));
      ledgers.set(draft.queue, ledger);
      answers.push(await accept(ledger, draft));
    }
    for (const { row } of ledgers.values()) tx.put('queues', row);
    return answers;
  });
}

async function openLedger(
  tx: Tx,
  queue: string,
  policies: Record<string, QueuePolicy>,
  now: number,
): Promise<Ledger> {
  const policy = policies[queue];
  const row = (await tx.get('queues', queue)) ?? (policy && newQueueRow(queue, policy));
  if (!row) throw new Error(`queue '${queue}' has neither a row nor a policy`);
  return { tx, row, now, events: [] };
}

async function accept(ledger: Ledger, draft: JobDraft): Promise<EnqueueAnswer> {
  const { row, now } = ledger;
  const bodyBytes = draft.body?.byteLength ?? 0;
  const bytes = bytesOf(draft.request, bodyBytes);
  const shed = await makeRoom(ledger, bytes);
  if (shed === 'full') {
    row.counts.refused += 1;
    return fullAnswer(ledger, bytes);
  }
  const job = await createJob(ledger, draft, bodyBytes);
  ledger.tx.put('jobs', job);
  if (draft.body && bodyBytes > 0)
    ledger.tx.put('bodies', { queue: row.name, seq: job.seq, body: draft.body });
  row.counts.accepted += 1;
  row.counts.waiting += 1;
  row.bytes += bytes;
  const { ticket } = job;
  const startAt = estimatedStartAt(row, now) ?? null;
  const receipt = {
    ticket,
    queue: row.name,
    state: 'waiting' as const,
    depth: depthOf(row),
    estimatedStartAt: startAt,
  };
  return { kind: 'accepted', receipt, shed };
}

async function createJob(ledger: Ledger, draft: JobDraft, bodyBytes: number): Promise<Job> {
  const { row, now } = ledger;
  const { orderingKey, idempotencyKey, request } = draft;
  const seq = row.nextSeq;
  row.nextSeq += 1;
  return {
    queue: row.name,
    seq,
    ticket: ticketOf(row.name, seq, draft.nonce),
    state: await entryState(ledger, orderingKey),
    ...(orderingKey === undefined ? {} : { orderingKey, chain: orderingKey }),
    idempotencyKey,
    enqueuedAt: now,
    expiresAt: now + row.policy.ttlMs,
    attempts: 0,
    orphans: 0,
    request,
    bodyBytes,
  };
}

/** Sheds the oldest waiting jobs where the policy says so. */
async function makeRoom(ledger: Ledger, bytes: number): Promise<SluiceEvent[] | 'full'> {
  const events: SluiceEvent[] = [];
  const shedding: Ledger = { ...ledger, events };
  while (limitOf(ledger, bytes)) {
    const oldest = ledger.row.policy.whenFull === 'drop-oldest' ? await oldestWaiting(ledger) : undefined;
    if (!oldest) return 'full';
    await cancel(shedding, oldest, 'shed');
  }
  return events;
}

async function oldestWaiting({ tx, row }: Ledger): Promise<Job | undefined> {
  const kinds = ['ready', 'delayed', 'behind'] as const;
  const heads: Job[] = [];
  for (const kind of kinds) {
    const to = [row.name, kind, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    heads.push(...(await tx.all('jobs', { index: 'byState', from: [row.name, kind], to, count: 1 })));
  }
  return heads.sort((a, b) => a.seq - b.seq)[0];
}

function limitOf({ row }: Ledger, bytes: number): 'maxJobs' | 'maxBytes' | undefined {
  if (depthOf(row) >= row.policy.maxJobs) return 'maxJobs';
  return row.bytes + bytes > row.policy.maxBytes ? 'maxBytes' : undefined;
}

/** Room comes with the next send at the soonest. */
function fullAnswer(ledger: Ledger, bytes: number): EnqueueAnswer {
  const { policy } = ledger.row;
  const limit = limitOf(ledger, bytes) ?? 'maxJobs';
  const retryAfterMs = policy.rate ? policy.rate.perMs / policy.rate.limit : 1000;
  return { kind: 'full', limit, max: policy[limit], retryAfterMs };
}
