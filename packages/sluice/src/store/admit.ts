import { inlineBody, putBody } from './bodies.js';
import { sentenceOf } from '../core/errors.js';
import { type Answer, bytesOf, type Job, type JobDraft, parked, ticketOf } from '../core/job.js';
import { metered } from '../core/metrics.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { depthOf, estimatedStartAt } from '../core/queue-row.js';
import { type Standing, stateOf } from '../core/views.js';
import { findPrior } from './dependents.js';
import { settleFirstTry } from './first-try.js';
import { countLive, entryState, type Ledger } from './ledger.js';
import { joinLine } from './line.js';
import { makeRoom } from './room.js';
import { rememberTwin } from './twins.js';

/** A draft as it is to be stored. */
export interface Entry {
  draft: JobDraft;
  /** It waits for the job that it comes after. */
  waits: boolean;
}

/** A draft, rewritten where what it comes after is done already. */
export async function entryOf(ledger: Ledger, draft: JobDraft): Promise<Entry | EnqueueAnswer> {
  const prior = await findPrior(ledger, { ...draft.options, owner: draft.owner });
  if (prior.kind === 'gone') return { kind: 'refused', code: 'state-conflict', detail: prior.detail };
  if (prior.kind !== 'done') return { draft, waits: prior.kind === 'live' };
  const done = rewritten(ledger, draft, prior.answer);
  return 'kind' in done ? done : { draft: done, waits: false };
}

/** Stores a job at its place in line, where there is room. */
export async function admit(ledger: Ledger, { draft, waits }: Entry): Promise<EnqueueAnswer> {
  const { priority = 0, after, held, orderingKey } = draft.options;
  const { owner } = draft;
  const bytes = bytesOfDraft(draft);
  const full = await makeRoom(ledger, { jobs: 1, bytes, size: bytes, priority, owner, spared: [after] });
  if (full) return full;
  const rank = await joinLine(ledger, draft.owner, draft.options);
  const placed = { ...newJob(ledger, draft), rank, ...chainOf(orderingKey) };
  const job = { ...placed, state: await entryState(ledger, placed) };
  const why = held ? 'held' : waits ? 'after' : undefined;
  const stored = why ? { ...job, state: parked(job, why) } : job;
  store(ledger, stored, draft.body);
  if (!draft.firstTry) return acceptedAs(ledger, stored);
  await settleFirstTry(ledger, stored, draft.firstTry);
  return acceptedAs(ledger, (await ledger.tx.get('jobs', [job.queue, job.seq])) ?? stored);
}

/** What it comes after is done already: it is stored as it will be sent. */
function rewritten({ row, rulesOf }: Ledger, draft: JobDraft, answer: Answer): JobDraft | EnqueueAnswer {
  const { after: _, ...options } = draft.options;
  const rules = rulesOf?.(row.name);
  if (!rules) return { ...draft, options };
  try {
    const { body, request } = rules.rewrite({ request: draft.request, body: draft.body }, answer);
    return { ...withBody(draft, body), request, options };
  } catch (error) {
    return { kind: 'refused', code: 'function-failed', detail: `rewrite threw ${sentenceOf(error)}` };
  }
}

export function withBody(draft: JobDraft, body: ArrayBuffer | undefined): JobDraft {
  const { body: _, ...rest } = draft;
  return body ? { ...rest, body } : rest;
}

export function acceptedAs(
  { row, now, events }: Ledger,
  { ticket, state }: Pick<Job, 'ticket'> & { state: Standing },
): EnqueueAnswer {
  const receipt = {
    ticket,
    queue: row.name,
    state: stateOf(state),
    depth: depthOf(row),
    estimatedStartAt: startAt(state, estimatedStartAt(row, now)),
  };
  return { kind: 'accepted', receipt, events };
}

/** Null where no instant is known. */
function startAt({ kind, at }: Standing, inTurnAt: number | undefined): number | null {
  if (inTurnAt === undefined) return null;
  if (kind === 'scheduled' || kind === 'delayed') return Math.max(at, inTurnAt);
  return kind === 'ready' || kind === 'behind' ? inTurnAt : null;
}

export function newJob(
  { row, now }: Ledger,
  { owner, options, idempotencyKey, request, body, nonce }: JobDraft,
): Job {
  const { held: _, orderingKey: _key, ttlMs = row.policy.ttlMs, priority = 0, cost = 1, ...keys } = options;
  const seq = row.nextSeq;
  row.nextSeq += 1;
  return {
    ...keys,
    queue: row.name,
    owner,
    seq,
    ticket: ticketOf(row.name, seq, nonce),
    state: { kind: 'ready', at: 0 },
    rank: 0,
    link: seq,
    priority,
    cost,
    idempotencyKey,
    enqueuedAt: now,
    expiresAt: Math.max(now, keys.notBefore ?? 0) + ttlMs,
    attempts: 0,
    orphans: 0,
    request,
    bodyBytes: body?.byteLength ?? 0,
    ...inlineBody(body),
  };
}

export function store(
  ledger: Ledger,
  job: Job,
  body: ArrayBuffer | undefined,
  { isShared }: { isShared?: boolean | undefined } = {},
): void {
  const { tx, row, events } = ledger;
  tx.put('jobs', job);
  putBody(tx, job, body);
  row.counts.accepted += 1;
  row.counts.waiting += 1;
  countLive(row, job.owner, 1);
  if (job.state.kind === 'parked') row.parked += 1;
  const { arrivals, oldest } = row.metrics;
  row.metrics = {
    ...row.metrics,
    arrivals: metered(arrivals, job.enqueuedAt),
    // Alone in the queue, it is the oldest; else that is known, or is looked for by the next turn.
    oldest:
      job.owner === row.owner && depthOf(row) === 1
        ? { kind: 'known', seq: job.seq, at: job.enqueuedAt }
        : oldest,
  };
  row.bytes += bytesOf(job.request, job.bodyBytes);
  rememberTwin(ledger, job, { isShared });
  events.push({ type: 'accepted', queue: job.queue, ticket: job.ticket, at: job.enqueuedAt });
}

export function chainOf(orderingKey: string | undefined): Pick<Job, 'orderingKey' | 'chain'> {
  return orderingKey === undefined ? {} : { orderingKey, chain: orderingKey };
}

export function bytesOfDraft({ request, body }: JobDraft): number {
  return bytesOf(request, body?.byteLength ?? 0);
}
