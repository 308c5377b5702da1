import { replaceBody } from './bodies.js';
import { patched, type PolicyPatch } from '../core/policy-patch.js';
import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import { event } from '../core/flow/event.js';
import { bytesOf, parked, parseTicket, type Job, type StoredRequest, type Ticket } from '../core/job.js';
import { type QueueRow, underPolicy } from '../core/queue-row.js';
import { cancel } from './endings.js';
import { countLive, entryState, type Ledger, move, unpark } from './ledger.js';
import { olderOf } from './oldest.js';
import { rejoinFlow } from './line.js';
import { type Database, EVERYTHING, type Plan } from './rows.js';
import { findRival, rememberTwin } from './twins.js';

const COMMAND: Plan = {
  tables: ['jobs', 'bodies', 'queues', 'results', 'twins', 'flows'],
  mode: 'readwrite',
  durability: 'strict',
};

/** What a command on whole queues does to each row. */
export type QueueCommand =
  | { kind: 'pause' }
  | { kind: 'resume' }
  | { kind: 'nudge' }
  | { kind: 'online'; chance: () => number }
  | { kind: 'offline' }
  | { kind: 'patch'; patch: PolicyPatch | null };

/** Applies a command to one queue, or to all. @throws SluiceError `queue-unknown` */
export function commandQueues(
  database: Database,
  queue: string | undefined,
  command: QueueCommand,
  now: number,
): Promise<SluiceEvent[]> {
  return database.run(COMMAND, async (tx) => {
    const all = await tx.all('queues', EVERYTHING);
    const rows = queue === undefined ? all : all.filter(({ name }) => name === queue);
    if (queue !== undefined && rows.length === 0) throw unknownQueue(queue, all);
    for (const row of rows) tx.put('queues', { ...row, ...changeBy(row, command, now) });
    return rows.flatMap(({ name }) => eventOf(name, command));
  });
}

function changeBy(row: QueueRow, command: QueueCommand, now: number): Partial<QueueRow> {
  switch (command.kind) {
    case 'pause':
      return { paused: true };
    case 'resume':
      return { paused: false };
    case 'online':
      return { flow: event(row.flow, now, 'online', command.chance) };
    case 'offline':
      return { flow: event(row.flow, now, 'offline', NO_CHANCE) };
    case 'patch':
      return { ...underPolicy(row, patched(row.base, command.patch)), patch: command.patch };
    case 'nudge':
      return { flow: event(row.flow, now, 'nudge', NO_CHANCE), awaitsSignIn: false };
  }
}

/** Only a return spreads out. */
const NO_CHANCE = (): number => 0;

function eventOf(queue: string, { kind }: QueueCommand): SluiceEvent[] {
  if (kind === 'offline') return [];
  return [{ type: EVENTS[kind], queue }];
}

const EVENTS = {
  patch: 'policy-changed',
  pause: 'paused',
  resume: 'resumed',
  nudge: 'nudged',
  online: 'nudged',
} as const;

/** Cancels a waiting job; flags a leased one, so that its engine stops the send. */
export function cancelJob(
  database: Database,
  ticket: Ticket,
  now: number,
): Promise<{ answer: 'cancelled' | 'aborting'; events: SluiceEvent[] }> {
  return onJob(database, ticket, now, async (ledger, job) => {
    if (job.state.kind === 'dead') throw conflict(ticket, 'it is dead; redrive it, or leave it to expire');
    if (job.state.kind === 'leased') {
      move(ledger, job, { ...job.state, recall: 'user' });
      ledger.events.push({ type: 'aborting', queue: job.queue, ticket });
      return 'aborting';
    }
    await cancel(ledger, job, 'user');
    return 'cancelled';
  });
}

/** Puts a dead job back into its place, attempts and age at 0. */
export function redriveJob(
  database: Database,
  ticket: Ticket,
  now: number,
): Promise<{ events: SluiceEvent[] }> {
  return onJob(database, ticket, now, async (ledger, job) => {
    const { row, tx } = ledger;
    if (job.state.kind !== 'dead')
      throw conflict(ticket, `it is ${job.state.kind}, and only a dead job is redriven`);
    if (job.after !== undefined)
      throw conflict(ticket, `job '${job.after}', which it comes after, is not in it; submit it anew`);
    const twin = await findRival(ledger, job);
    // Sending both would be the duplicate that the key forbids.
    if (twin) throw conflict(ticket, `job '${twin}' has taken its dedupe key; cancel that one first`);
    const { reason } = job.state;
    row.counts.dead[reason] = (row.counts.dead[reason] ?? 1) - 1;
    row.counts.waiting += 1;
    countLive(row, job.owner, 1);
    row.bytes += bytesOf(job.request, job.bodyBytes);
    const { orderingKey: chain } = job;
    const expiresAt = now + row.policy.ttlMs;
    const state = await entryState(ledger, job);
    tx.put('jobs', {
      ...job,
      attempts: 0,
      orphans: 0,
      expiresAt,
      state,
      ...(chain === undefined ? {} : { chain }),
    });
    row.metrics = { ...row.metrics, oldest: olderOf(row.metrics.oldest, job) };
    rememberTwin(ledger, job);
    await rejoinFlow(ledger, job);
    ledger.events.push({ type: 'redriven', queue: job.queue, ticket });
  });
}

/** A stored request as it is to be from now on. */
export interface Edit {
  request: StoredRequest;
  /** Absent: as it is. */
  body?: ArrayBuffer | undefined;
  /** Another content is another request: the service must not take it for the one that it knows. */
  idempotencyKey: string;
  /** What was edited: another edit in between wins. */
  previousKey: string;
}

/** Changes a job that waits or is dead, and was never sent without an answer. It keeps its place. */
export function editJob(
  database: Database,
  ticket: Ticket,
  { request, body, idempotencyKey, previousKey }: Edit,
  now: number,
): Promise<{ events: SluiceEvent[] }> {
  return onJob(database, ticket, now, async ({ tx, row, events }, job) => {
    if (job.state.kind === 'leased') throw conflict(ticket, 'it is being sent');
    if (job.mayHaveArrived)
      throw conflict(ticket, 'it was sent without an answer, and may have been done as it is');
    if (job.idempotencyKey !== previousKey) throw conflict(ticket, 'it was changed meanwhile');
    const edited = { ...(body ? replaceBody(tx, job, body) : job), request, idempotencyKey };
    if (job.state.kind !== 'dead')
      row.bytes += bytesOf(request, edited.bodyBytes) - bytesOf(job.request, job.bodyBytes);
    tx.put('jobs', edited);
    events.push({ type: 'edited', queue: job.queue, ticket });
  });
}

/** Parks a waiting job until it is released. */
export function holdJob(database: Database, ticket: Ticket, now: number): Promise<{ events: SluiceEvent[] }> {
  return onJob(database, ticket, now, async (ledger, job) => {
    if (!WAITING.has(job.state.kind))
      throw conflict(ticket, `it is ${job.state.kind}, and only a waiting job is held`);
    move(ledger, job, parked(job, 'held'));
    ledger.events.push({ type: 'held', queue: job.queue, ticket });
  });
}

const WAITING = new Set<Job['state']['kind']>(['ready', 'scheduled', 'delayed', 'behind']);

/** Lets a held job take its place in line. */
export function releaseJob(
  database: Database,
  ticket: Ticket,
  now: number,
): Promise<{ events: SluiceEvent[] }> {
  return onJob(database, ticket, now, async (ledger, job) => {
    if (job.state.kind !== 'parked' || job.state.why !== 'held')
      throw conflict(ticket, `it is ${job.state.kind}, and only a held job is released`);
    unpark(ledger, job);
    ledger.events.push({ type: 'released', queue: job.queue, ticket });
  });
}

export const NO_SUCH_JOB = 'no such job waits, is leased or is dead';

async function onJob<T>(
  database: Database,
  ticket: Ticket,
  now: number,
  work: (ledger: Ledger, job: Job) => Promise<T>,
): Promise<{ answer: T; events: SluiceEvent[] }> {
  return database.run(COMMAND, async (tx) => {
    const place = parseTicket(ticket);
    const job = place && (await tx.get('jobs', [place.queue, place.seq]));
    const row = place && (await tx.get('queues', place.queue));
    if (!job || !row || job.ticket !== ticket || job.owner !== row.owner) throw conflict(ticket, NO_SUCH_JOB);
    const ledger: Ledger = { tx, row, now, events: [] };
    const answer = await work(ledger, job);
    tx.put('queues', row);
    return { answer, events: ledger.events };
  });
}

export function conflict(ticket: Ticket, why: string): SluiceError {
  return new SluiceError('state-conflict', `job ${JSON.stringify(ticket)} cannot be changed so: ${why}.`, {
    value: ticket,
  });
}

function unknownQueue(queue: string, rows: readonly QueueRow[]): SluiceError {
  const known = rows.map(({ name }) => `'${name}'`).join(', ') || 'none yet';
  return new SluiceError('queue-unknown', `there is no queue '${queue}'; known are ${known}.`, {
    value: queue,
  });
}
