import { storedPost } from '../core/job.kit.js';
import type { AttemptEnd } from '../core/attempt.js';
import type { SluiceEvent } from '../core/events.js';
import type { JobDraft } from '../core/job.js';
import { DEFAULT_POLICY, type QueuePolicy } from '../core/policy.js';
import type { AttemptControl, Claim, Notify, Store } from '../core/ports.js';
import { openIdentity } from '../store/identity.js';
import { openMemory } from '../store/memory.js';
import type { Database } from '../store/rows.js';
import { createStore } from '../store/store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { Engine } from './engine.js';

export const T0: number = new FakeClock().now();

/** How a service answers: after `ms`, with `end`. */
export type Service = (claim: Claim) => { ms: number; end: AttemptEnd };

/** One engine on the memory store under a fake clock, and the log of what it did. */
export class Bench {
  readonly clock: FakeClock = new FakeClock();
  readonly database: Database = openMemory();
  readonly store: Store = createStore(this.database);
  readonly events: SluiceEvent[] = [];
  /** `seq@ms`, for each send that began, in order. */
  readonly sends: string[] = [];
  readonly notify: Notify;
  service: Service = () => ({ ms: 10, end: answered(200) });
  prepareMs = 0;
  chance = 0.5;
  #engines = 0;

  constructor() {
    this.notify = createHub()();
    this.notify.listen((events) => this.events.push(...events));
  }

  async enqueue(
    count: number,
    policy: Partial<QueuePolicy> = {},
    change: Partial<JobDraft> = {},
  ): Promise<string[]> {
    const { owner } = await openIdentity(this.database);
    const drafts = Array.from({ length: count }, (_, i) => draft(`n${i}`, { owner, ...change }));
    const { queue = 'orders' } = change;
    const policies = { [queue]: { ...DEFAULT_POLICY, ...policy } };
    const at = this.clock.now();
    const answers = await this.store.enqueue(drafts, policies, at);
    const tickets = answers.map((answer) => (answer.kind === 'accepted' ? answer.receipt.ticket : 'refused'));
    this.notify.tell(tickets.map((ticket) => ({ type: 'accepted', queue, ticket, at })));
    return tickets;
  }

  start({ isAlone = true } = {}): Engine {
    this.#engines += 1;
    return new Engine({
      isAlone,
      id: `engine-${this.#engines}`,
      store: this.store,
      clock: this.clock,
      notify: this.notify,
      chance: () => this.chance,
      dispatch: (claim, control) => this.#dispatch(claim, control),
    });
  }

  #sleepUntil(at: number): Promise<void> {
    return new Promise((resolve) => this.clock.at(at, resolve));
  }

  async #dispatch(claim: Claim, control: AttemptControl): Promise<AttemptEnd> {
    if (this.prepareMs > 0) await this.#sleepUntil(this.clock.now() + this.prepareMs);
    control.onPrepared();
    await this.#sleepUntil(claim.sendAt);
    await control.confirm();
    const why = control.mayBegin();
    if (why !== 'yes') return { kind: 'unsent', why };
    this.sends.push(`${claim.job.seq}@${Math.round(this.clock.now() - T0)}`);
    const { ms, end } = this.service(claim);
    const aborted = new Promise<AttemptEnd>((resolve) => {
      control.signal.addEventListener('abort', () => resolve({ kind: 'aborted' }));
    });
    return Promise.race([this.#sleepUntil(this.clock.now() + ms).then(() => end), aborted]);
  }
}

export function answered(status: number, notBeforeMs?: number): AttemptEnd {
  const answer = { status, statusText: '', headers: [], bodyOmitted: false };
  const hint = notBeforeMs === undefined ? {} : { hint: { notBeforeMs } };
  return { kind: 'answer', answer, keyOutstanding: false, ...hint };
}

function draft(nonce: string, change: Partial<JobDraft> & Pick<JobDraft, 'owner'>): JobDraft {
  return {
    queue: 'orders',
    nonce,
    idempotencyKey: `key-${nonce}`,
    request: storedPost(),
    options: {},
    ...change,
  };
}
