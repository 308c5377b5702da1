import type { Clock } from '../core/ports.js';

/** Kept, should the tests of an app replace them. Node has a quicker one than a timer; a browser does not. */
const { setTimeout, setImmediate } = globalThis as typeof globalThis & {
  setImmediate?: (callback: () => void) => void;
};

const START_AT = 1_700_000_000_000;

interface Timer {
  id: number;
  at: number;
  callback: () => void;
}

/** A clock that moves when it is told to, timer by timer, and lets everything that a timer set off come to rest. */
export class FakeClock implements Clock {
  #now: number;
  #epoch = 0;
  #timers = new Map<number, { at: number; callback: () => void }>();
  #nextId = 0;

  /** @param startAt epoch ms */
  constructor(startAt: number = START_AT) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  epoch(): number {
    return this.#epoch;
  }

  at(at: number, callback: () => void): () => void {
    const id = this.#nextId++;
    this.#timers.set(id, { at, callback });
    return () => this.#timers.delete(id);
  }

  /** Somebody sets the wall clock. What is waited for comes no later for it. */
  jump(ms: number): void {
    this.#now += ms;
    this.#epoch += 1;
    for (const timer of this.#timers.values()) timer.at = Math.min(timer.at, timer.at + ms);
  }

  /** Moves on by `ms`. Resolves when all that fell due has been done. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await longRest();
    for (let next = this.#first(until); next; next = await this.#firstOfAll(until)) {
      this.#timers.delete(next.id);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await rest();
    }
    this.#now = until;
    await longRest();
  }

  async #firstOfAll(until: number): Promise<Timer | undefined> {
    const next = this.#first(until);
    if (next) return next;
    await longRest();
    return this.#first(until);
  }

  #first(until: number): Timer | undefined {
    const due = [...this.#timers].filter(([, { at }]) => at <= until);
    const [first] = due.sort(([, a], [, b]) => a.at - b.at);
    return first && { id: first[0], ...first[1] };
  }
}

/** The store in memory awaits only microtasks, so that a few turns of the event loop bring everything to rest. */
async function rest(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>(nextTurn);
}

/** Sealing runs on another thread, in real time. */
async function longRest(): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 3));
  await rest();
}

function nextTurn(callback: () => void): void {
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}
