import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import { bytesOf, parked, parseTicket, type Job, type StoredRequest, type Ticket } from '../core/job.js';
import { replaceBody } from './bodies.js';
import { cancel } from './endings.js';
import { type Ledger, move, unpark } from './ledger.js';
import { checkRoom } from './room.js';
import type { Database, Plan, Tx } from './rows.js';
import { isOfManyCalls } from './twins.js';

/** What somebody wants of one job: changes its row, or throws a SluiceError before it has changed anything. */
export interface JobCommand<T = void> {
  ticket: Ticket;
  apply: (ledger: Ledger, job: Job) => Promise<T>;
}

/** What became of a command. */
export type JobAnswer<T = unknown> = { kind: 'applied'; value: T } | { kind: 'refused'; error: SluiceError };

const COMMAND: Plan = {
  tables: ['jobs', 'bodies', 'queues', 'results', 'twins', 'flows'],
  mode: 'readwrite',
  durability: 'strict',
};

/** Applies commands one after another, in one transaction. One that is refused stops no other. */
export function commandJobs(
  database: Database,
  commands: readonly JobCommand<unknown>[],
  now: number,
): Promise<{ answers: JobAnswer[]; events: SluiceEvent[] }> {
  return database.run(COMMAND, async (tx) => {
    const events: SluiceEvent[] = [];
    const answers: JobAnswer[] = [];
    for (const command of commands) answers.push(await answerTo(command, { tx, now, events }));
    return { answers, events };
  });
}

async function answerTo(
  { ticket, apply }: JobCommand<unknown>,
  { tx, ...noting }: { tx: Tx } & Pick<Ledger, 'now' | 'events'>,
): Promise<JobAnswer> {
  try {
    const place = parseTicket(ticket);
    const job = place && (await tx.get('jobs', [place.queue, place.seq]));
    const row = place && (await tx.get('queues', place.queue));
    if (!job || !row || job.ticket !== ticket || job.owner !== row.owner) throw conflict(ticket, NO_SUCH_JOB);
    const value = await apply({ tx, row, ...noting }, job);
    tx.put('queues', row);
    return { kind: 'applied', value };
  } catch (error) {
    if (error instanceof SluiceError) return { kind: 'refused', error };
    throw error;
  }
}

/** Cancels a waiting job; flags a leased one, so that its engine stops the send. */
export function cancelJob(ticket: Ticket): JobCommand<'cancelled' | 'aborting'> {
  return {
    ticket,
    apply: async (ledger, job) => {
      if (job.state.kind === 'dead') throw conflict(ticket, 'it is dead; redrive it, or leave it to expire');
      if (job.state.kind === 'leased') {
        move(ledger, job, { ...job.state, recall: 'user' });
        ledger.events.push({ type: 'aborting', queue: job.queue, ticket });
        return 'aborting';
      }
      await cancel(ledger, job, 'user');
      return 'cancelled';
    },
  };
}

/** As above, for the caller that has submitted it and takes it back: not where another has submitted the same thing. */
export function withdrawJob(ticket: Ticket): JobCommand<'cancelled' | 'aborting'> {
  return {
    ticket,
    apply: async (ledger, job) => {
      if (await isOfManyCalls(ledger, job))
        throw conflict(ticket, 'another call has submitted the same thing');
      return cancelJob(ticket).apply(ledger, job);
    },
  };
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

/** Changes a job that waits or is dead, and that the service cannot have done. It keeps its place. */
export function editJob(ticket: Ticket, edit: Edit): JobCommand {
  return {
    ticket,
    apply: async (ledger, job) => {
      const { tx, row, events } = ledger;
      if (job.state.kind === 'leased') throw conflict(ticket, 'it is being sent');
      if (job.mayHaveArrived)
        throw conflict(ticket, 'it was sent, and the service may have done it as it is');
      const bytes = bytesOf(edit.request, edit.body?.byteLength ?? job.bodyBytes);
      const added = bytes - bytesOf(job.request, job.bodyBytes);
      if (job.state.kind !== 'dead' && added > 0) checkRoom(ledger, { jobs: 0, bytes: added });
      const next = edited(tx, job, edit);
      if (job.state.kind !== 'dead') row.bytes += added;
      tx.put('jobs', next);
      events.push({ type: 'edited', queue: job.queue, ticket });
    },
  };
}

/** @throws SluiceError `state-conflict` where another edit came first */
export function edited(tx: Tx, job: Job, { request, body, idempotencyKey, previousKey }: Edit): Job {
  if (job.idempotencyKey !== previousKey) throw conflict(job.ticket, 'it was changed meanwhile');
  // What was said to it as it was says nothing of it now.
  const { lastAnswer: _, lastDetail: _detail, ...kept } = body ? replaceBody(tx, job, body) : job;
  return { ...kept, request, idempotencyKey };
}

/** Parks a waiting job until it is released. */
export function holdJob(ticket: Ticket): JobCommand {
  return {
    ticket,
    apply: async (ledger, job) => {
      if (!WAITING.has(job.state.kind))
        throw conflict(ticket, `it is ${job.state.kind}, and only a waiting job is held`);
      move(ledger, job, parked(job, 'held'));
      ledger.events.push({ type: 'held', queue: job.queue, ticket });
    },
  };
}

const WAITING = new Set<Job['state']['kind']>(['ready', 'scheduled', 'delayed', 'behind']);

/** Lets a held job take its place in line. */
export function releaseJob(ticket: Ticket): JobCommand {
  return {
    ticket,
    apply: async (ledger, job) => {
      if (job.state.kind !== 'parked' || job.state.why !== 'held')
        throw conflict(ticket, `it is ${job.state.kind}, and only a held job is released`);
      unpark(ledger, job);
      ledger.events.push({ type: 'released', queue: job.queue, ticket });
    },
  };
}

export const NO_SUCH_JOB = 'no such job waits, is leased or is dead';

export function conflict(ticket: Ticket, why: string): SluiceError {
  return new SluiceError('state-conflict', `job ${JSON.stringify(ticket)} cannot be changed so: ${why}.`, {
    value: ticket,
  });
}
