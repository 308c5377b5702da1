import type { EventOf, SluiceEvent } from '../core/events.js';
import type { Ticket } from '../core/job.js';
import { type Outcome, outcomeOf } from '../core/views.js';
import { type Known, readTicketed } from '../store/query.js';
import { openView } from './open-view.js';
import type { SealingKeys } from '../transport/seal.js';
import type { World } from './world.js';

/** A hint may be lost, so that each job is looked at by itself, too. */
const LOOK_EVERY_MS = 5000;

/** Jobs of one look, which is one transaction: a look holds up the turns of the engine. */
const LOOKED_AT_ONCE = 100;

/** Looks come no closer together, however many jobs are waited for: what a lost hint delays comes later instead. */
const LEAST_GAP_MS = 250;

interface Waiter {
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
}

/** What it takes to wait for the end of a job. */
export interface Watching extends Pick<World, 'database' | 'notify' | 'clock'> {
  sealingKey: SealingKeys;
}

/** One watch over all jobs that a context waits for: whoever waits for ten thousand must not pay for each of them. */
export class Watch {
  readonly #watching: Watching;
  /** Whoever was looked at longest ago stands first. */
  readonly #waiting = new Map<Ticket, Set<Waiter>>();
  #newcomers: Ticket[] = [];
  #stopListening: (() => void) | undefined;
  #callOff = (): void => undefined;

  constructor(watching: Watching) {
    this.#watching = watching;
  }

  /** Resolves when the job has ended: at once, if it has already; never, once `signal` has aborted. */
  settled(ticket: Ticket, signal?: AbortSignal): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const waiters = this.#waiting.get(ticket) ?? new Set();
      this.#waiting.set(ticket, waiters.add(waiter));
      // Those of one burst are looked at together.
      if (this.#newcomers.push(ticket) === 1) queueMicrotask(() => void this.#lookAtNewcomers());
      // Whoever has stopped waiting needs no answer.
      signal?.addEventListener(
        'abort',
        () => {
          if (waiters.delete(waiter) && waiters.size === 0) this.#forget(ticket, waiters);
        },
        { once: true },
      );
    });
  }

  /** Whoever still waits will never hear: each further look would open storage anew. */
  close(): void {
    this.#waiting.clear();
    this.#rest();
  }

  #start(): void {
    if (this.#stopListening || this.#waiting.size === 0) return;
    this.#stopListening = this.#watching.notify.listen((events) => {
      const ended = events.flatMap((event) =>
        isEnd(event) && this.#waiting.has(event.ticket) ? [event.ticket] : [],
      );
      if (ended.length > 0) this.#lookAgain(ended);
    });
    this.#lookLater();
  }

  #lookLater(): void {
    const { clock } = this.#watching;
    const gapMs = Math.max(LEAST_GAP_MS, LOOK_EVERY_MS / Math.ceil(this.#waiting.size / LOOKED_AT_ONCE));
    this.#callOff = clock.at(clock.now() + gapMs, () => {
      this.#lookLater();
      this.#lookAgain([...this.#waiting.keys()].slice(0, LOOKED_AT_ONCE));
    });
  }

  /** Storage that fails now may be back at the next look. */
  #lookAgain(tickets: readonly Ticket[]): void {
    this.#look(tickets).catch(() => undefined);
  }

  /** Storage that fails at the first look is said at once. */
  async #lookAtNewcomers(): Promise<void> {
    const tickets = this.#newcomers;
    this.#newcomers = [];
    this.#start();
    for (let i = 0; i < tickets.length; i += LOOKED_AT_ONCE) {
      const some = tickets.slice(i, i + LOOKED_AT_ONCE);
      await this.#look(some).catch((error: unknown) => {
        for (const ticket of some) this.#end(ticket, ({ reject }) => reject(error));
      });
    }
  }

  async #look(tickets: readonly Ticket[]): Promise<void> {
    for (const ticket of tickets) this.#stepBack(ticket);
    for (const [i, known] of (await readTicketed(this.#watching.database, tickets)).entries()) {
      const ticket = tickets[i] as Ticket;
      const outcome = await this.#outcomeOf(known, ticket);
      if (outcome) this.#end(ticket, ({ resolve }) => resolve(outcome));
    }
  }

  async #outcomeOf(known: Known, ticket: Ticket): Promise<Outcome | undefined> {
    // Its user may come back: that of another has not ended for whoever asks now.
    if (known.kind === 'elsewhere') return undefined;
    if (known.kind === 'unknown') return { kind: 'unknown', ticket };
    return outcomeOf(await openView(known, this.#watching.sealingKey));
  }

  #stepBack(ticket: Ticket): void {
    const waiters = this.#waiting.get(ticket);
    if (!waiters) return;
    this.#waiting.delete(ticket);
    this.#waiting.set(ticket, waiters);
  }

  #end(ticket: Ticket, tell: (waiter: Waiter) => void): void {
    const waiters = this.#waiting.get(ticket);
    if (!waiters) return;
    for (const waiter of waiters) tell(waiter);
    this.#forget(ticket, waiters);
  }

  #forget(ticket: Ticket, waiters: Set<Waiter>): void {
    if (this.#waiting.get(ticket) === waiters) this.#waiting.delete(ticket);
    if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#callOff();
  }
}

export function isEnd(event: SluiceEvent): event is EventOf<'done' | 'dead' | 'cancelled'> {
  return event.type === 'done' || event.type === 'dead' || event.type === 'cancelled';
}
