import type { SluiceEvent } from '../../sluice/src/core/events.ts';
import type { Clock, Notify } from '../../sluice/src/core/ports.ts';
import type { World } from '../../sluice/src/drain/world.ts';
import { holdsCanary } from './canary.ts';
import type { Disk } from './disk.ts';
import { LockTable } from './locks.ts';
import type { Service } from './service.ts';
import type { Mortal, Universe } from './universe.ts';

/** A broadcast takes so long, and may be lost while there are faults. */
const BROADCAST_MS = [0.3, 3] as const;
const BROADCAST_LOSS = 0.05;

/** Of `createClock`. */
const LONGEST_TIMER_MS = 60_000;

export const BASE = 'https://app.test/';

/** What all contexts of one browser share. */
export class Browser {
  readonly universe: Universe;
  readonly disk: Disk;
  readonly service: Service;
  readonly locks: LockTable;
  readonly contexts = new Set<Context>();
  #wallOffsetMs = 0;

  /** A page without HTTPS has none. */
  readonly hasLocks: boolean;
  /** No context ever hears of another. */
  readonly losesHints: boolean;

  constructor(
    universe: Universe,
    { disk, service, hasLocks, losesHints }: Pick<Browser, 'disk' | 'service' | 'hasLocks' | 'losesHints'>,
  ) {
    this.universe = universe;
    this.disk = disk;
    this.service = service;
    this.hasLocks = hasLocks;
    this.losesHints = losesHints;
    this.locks = new LockTable(universe);
  }

  /** Wall time less true time. */
  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  setWall(offsetMs: number): void {
    this.#wallOffsetMs = offsetMs;
    for (const context of this.contexts) context.noticeWall();
  }

  kill(): void {
    for (const context of this.contexts) context.kill();
  }
}

/** A page with its worker, or a service worker: what lives and dies together. */
export class Context implements Mortal {
  readonly name: string;
  readonly #browser: Browser;
  readonly #listeners = new Set<(events: readonly SluiceEvent[]) => void>();
  /** Looks of its timers at the wall clock. */
  readonly #looks = new Set<() => void>();
  /** Tasks that have come while it was frozen, in their order. */
  readonly #waiting: (() => void)[] = [];
  #isAlive = true;
  #frozenUntil = 0;
  #epoch = 0;
  #wallAtEpoch: number;
  /** Resolves once it is gone. */
  readonly whenKilled: Promise<void>;
  #tellKilled = (): void => undefined;

  constructor(browser: Browser, name: string) {
    this.name = name;
    this.#browser = browser;
    this.#wallAtEpoch = browser.wallOffsetMs;
    browser.contexts.add(this);
    this.whenKilled = new Promise((resolve) => (this.#tellKilled = resolve));
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#tellKilled();
    this.#wake();
    this.#browser.contexts.delete(this);
    this.#browser.locks.releaseAllOf(this);
    this.#browser.universe.trace(`${this.name} is gone`);
  }

  /** Its timers and messages wait; its locks stay. */
  freeze(ms: number): void {
    const { timeline } = this.#browser.universe;
    this.#frozenUntil = Math.max(this.#frozenUntil, timeline.now + ms);
    timeline.at(this.#frozenUntil, () => this.#wake());
  }

  whenAwake(): Promise<void> {
    return new Promise((resolve) => this.#onceAwake(resolve));
  }

  thaw(): void {
    this.#frozenUntil = 0;
    this.#wake();
  }

  world(): World {
    const { universe, disk, service, locks, hasLocks } = this.#browser;
    return {
      base: BASE,
      database: disk.connect(this),
      notify: this.#notify(),
      clock: this.#clock(),
      chance: universe.chance,
      fetch: (request, init) => service.fetch(this, request, init.signal ?? undefined),
      locks: hasLocks ? locks.managerOf(this) : undefined,
    };
  }

  /** Runs in this context, once it is neither dead nor frozen. */
  later(ms: number, run: () => void): () => void {
    const { timeline } = this.#browser.universe;
    let isCalledOff = false;
    const runIfWanted = (): void => {
      if (this.#isAlive && !isCalledOff) run();
    };
    const callOff = timeline.at(timeline.now + ms, () => this.#onceAwake(runIfWanted));
    return () => {
      isCalledOff = true;
      callOff();
    };
  }

  noticeWall(): void {
    for (const look of this.#looks) look();
  }

  get #isHeldUp(): boolean {
    return this.#isAlive && this.#frozenUntil > this.#browser.universe.timeline.now;
  }

  #onceAwake(run: () => void): void {
    if (this.#isHeldUp || this.#waiting.length > 0) this.#waiting.push(run);
    else run();
  }

  /** A task at a time, as an event loop has it: one may end the context, or be the reason for which the next is called off. */
  #wake(): void {
    const { timeline } = this.#browser.universe;
    timeline.at(timeline.now, () => {
      if (this.#isHeldUp) return;
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#wake();
    });
  }

  #clock(): Clock {
    const { timeline } = this.#browser.universe;
    const now = (): number => {
      if (Math.abs(this.#browser.wallOffsetMs - this.#wallAtEpoch) > 1000) {
        this.#wallAtEpoch = this.#browser.wallOffsetMs;
        this.#epoch += 1;
      }
      return timeline.now + this.#wallAtEpoch;
    };
    const epoch = (): number => {
      now();
      return this.#epoch;
    };
    return { now, epoch, at: (at, callback) => this.#at(now, at, callback) };
  }

  /** Once so much has passed, or up to a minute after the wall clock says so, as the real timers look no more often. */
  #at(now: () => number, at: number, callback: () => void): () => void {
    const { universe } = this.#browser;
    const { timeline } = universe;
    let dueAt = timeline.now + at - now();
    const end = (): void => {
      this.#looks.delete(look);
      callOff();
    };
    const fire = (): void => {
      end();
      callback();
    };
    let callOff = this.later(dueAt - timeline.now, fire);
    const look = (): void => {
      const seenAt = timeline.now + Math.max(0, at - now()) + universe.between(0, LONGEST_TIMER_MS);
      if (seenAt >= dueAt) return;
      dueAt = seenAt;
      callOff();
      callOff = this.later(dueAt - timeline.now, fire);
    };
    this.#looks.add(look);
    return end;
  }

  /** As `browserWorld` has it: the next database may be another one. */
  loseConnection(): void {
    this.later(this.#browser.universe.between(...BROADCAST_MS), () => this.#tell([{ type: 'identified' }]));
  }

  #tell(events: readonly SluiceEvent[]): void {
    const { universe, contexts, losesHints } = this.#browser;
    if (events.length === 0 || !this.#isAlive) return;
    universe.trace(`${this.name} tells ${events.map(({ type }) => type).join(' ')}`);
    if (universe.hasCanary && holdsCanary(events)) universe.fail('sealed', 'a broadcast tells the canary');
    this.#hear(events);
    for (const other of contexts) {
      if (other === this || losesHints || (!universe.isHealing && universe.chance() < BROADCAST_LOSS))
        continue;
      other.later(universe.between(...BROADCAST_MS), () => other.#hear(structuredClone(events)));
    }
  }

  #notify(): Notify {
    return {
      tell: (events) => this.#tell(events),
      listen: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      close: () => this.#listeners.clear(),
    };
  }

  #hear(events: readonly SluiceEvent[]): void {
    for (const listener of this.#listeners) listener(events);
  }
}
