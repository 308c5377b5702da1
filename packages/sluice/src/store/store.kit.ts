import { storedPost } from '../core/job.kit.js';
import type { AttemptEnd } from '../core/attempt.js';
import type { SluiceEvent } from '../core/events.js';
import type { Answer, JobDraft } from '../core/job.js';
import { DEFAULT_POLICY, type QueuePolicy } from '../core/policy.js';
import type { Claim, EnqueueAnswer, Store, TurnReport, TurnRequest } from '../core/ports.js';
import type { QueueRow } from '../core/queue-row.js';
import { openIdentity } from './identity.js';
import { commandJobs, type JobCommand } from './job-commands.js';
import type { Rules } from './ledger.js';
import { readQueues } from './queues.js';
import type { Database, SendRow } from './rows.js';
import { createStore } from './store.js';

export const T0 = 1_700_000_000_000;

const PLAIN: Rules = { rewrite: (stored) => stored, batches: true };

/** One queue on a store, driven turn by turn, at instants that the test gives. */
export class StoreBench {
  readonly database: Database;
  readonly store: Store;
  policy: QueuePolicy = { ...DEFAULT_POLICY, concurrency: 1, adaptive: false };
  #turns = 0;
  #drafts = 0;

  /** @param rules of all queues */
  constructor(database: Database, rules: Rules | 'unknown' = PLAIN) {
    this.database = database;
    this.store = createStore(database, () => (rules === 'unknown' ? undefined : rules));
  }

  async enqueue(change: Partial<JobDraft> = {}, now = T0): Promise<EnqueueAnswer> {
    this.#drafts += 1;
    const { owner } = await openIdentity(this.database);
    const one = draft({ nonce: `n${this.#drafts}`, owner, ...change });
    const [answer] = await this.store.enqueue([one], { [one.queue]: this.policy }, now);
    if (!answer) throw new Error('no answer');
    return answer;
  }

  /** So many alike, in one transaction. */
  async enqueueMany(count: number, change: Partial<JobDraft> = {}, now = T0): Promise<EnqueueAnswer[]> {
    const { owner } = await openIdentity(this.database);
    const drafts = Array.from({ length: count }, (_, i) => draft({ owner, ...change, nonce: `n${i}` }));
    return this.store.enqueue(drafts, { orders: this.policy }, now);
  }

  async tickets(count: number, change: Partial<JobDraft> = {}): Promise<string[]> {
    const answers = await this.enqueueMany(count, change);
    return answers.map((answer) => (answer.kind === 'accepted' ? answer.receipt.ticket : 'refused'));
  }

  command<T>(command: JobCommand<T>, now: number): Promise<{ answer: T; events: SluiceEvent[] }> {
    return commandJob(this.database, command, now);
  }

  /** The sends on record. */
  sends(): Promise<SendRow[]> {
    const range = { from: ['orders'], to: ['orders', Number.POSITIVE_INFINITY] };
    return this.database.run({ tables: ['sends'], mode: 'readonly', durability: 'relaxed' }, (tx) =>
      tx.all('sends', range),
    );
  }

  /** Enqueues and answers the ticket. */
  async ticket(options: JobDraft['options'] = {}, change: Partial<JobDraft> = {}, now = T0): Promise<string> {
    const answer = await this.enqueue({ ...change, options }, now);
    if (answer.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`);
    return answer.receipt.ticket;
  }

  async turn(now: number, change: Partial<TurnRequest> = {}): Promise<TurnReport> {
    this.#turns += 1;
    const request = { ...TURN, turn: this.#turns, ...change };
    const report = await this.store.turn(request, { now, chance: () => 0.5 });
    if (!report) throw new Error('no such queue');
    return report;
  }

  /** Ends the claims so, and claims what comes next. */
  settle(
    now: number,
    claims: readonly Claim[],
    end: AttemptEnd = answered(200),
    change: Partial<TurnRequest> = {},
  ) {
    const settlements = claims.map(({ job, leaseId, n, sendAt, credentials }) => ({
      seq: job.seq,
      ticket: job.ticket,
      leaseId,
      n,
      sentAt: sendAt,
      endedAt: now,
      credentials,
      end,
    }));
    return this.turn(now, { settlements, held: claims.length, ...change });
  }

  /** Serves one job after the other, up to `count`, and answers their tickets in the order of service. */
  async serve(count: number, now = T0): Promise<string[]> {
    const order: string[] = [];
    let { claims } = await this.turn(now);
    while (claims.length > 0 && order.length < count) {
      order.push(...claims.map(({ job }) => job.ticket));
      ({ claims } = await this.settle(now, claims, answered(200), {
        maxClaims: order.length < count ? 100 : 0,
      }));
    }
    return order;
  }

  async row(): Promise<QueueRow> {
    const row = (await readQueues(this.database)).find(({ name }) => name === 'orders');
    if (!row) throw new Error('no such queue');
    return row;
  }
}

export const TURN: TurnRequest = {
  queue: 'orders',
  engine: 'e1',
  settlements: [],
  held: 0,
  maxClaims: 100,
  leadMs: 0,
  recover: false,
  isAlone: true,
  clockJumped: false,
  durability: 'strict',
  turn: 0,
};

export function draft(change: Partial<JobDraft> & Pick<JobDraft, 'owner'>): JobDraft {
  return {
    queue: 'orders',
    nonce: 'n',
    idempotencyKey: crypto.randomUUID(),
    request: storedPost(),
    options: {},
    ...change,
  };
}

export function seqs(claims: readonly Claim[]): number[] {
  return claims.map(({ job }) => job.seq);
}

/** An answer, with a body of so many bytes. */
export function ok(status = 200, bodyBytes = 0): AttemptEnd {
  return answered(status, bodyBytes === 0 ? {} : { body: new ArrayBuffer(bodyBytes) });
}

export function answered(
  status: number,
  { notBeforeMs, body }: { notBeforeMs?: number; body?: ArrayBuffer } = {},
): AttemptEnd {
  const answer: Answer = {
    status,
    statusText: '',
    headers: [],
    bodyOmitted: false,
    ...(body ? { body } : {}),
  };
  const hint = notBeforeMs === undefined ? {} : { hint: { notBeforeMs } };
  return { kind: 'answer', answer, keyOutstanding: false, ...hint };
}

export function bytes(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}

/** One command alone. */
export async function commandJob<T>(
  database: Database,
  command: JobCommand<T>,
  now: number,
): Promise<{ answer: T; events: SluiceEvent[] }> {
  const {
    answers: [answer],
    events,
  } = await commandJobs(database, [command], now);
  if (answer?.kind !== 'applied') throw answer?.error ?? new Error('no answer');
  return { answer: answer.value as T, events };
}
