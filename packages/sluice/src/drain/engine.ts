import { sentenceOf } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { Clock, Dispatch, Notify, Store } from '../core/ports.js';
import { totalDepthOf } from '../core/queue-row.js';
import { Gate } from './gate.js';
import { Lane, type LaneWork } from './lane.js';

export interface EngineOptions {
  /** Names its leases; never used again. */
  id: string;
  /** A lock proves that no other engine runs. */
  isAlone: boolean;
  /** Comes before its first turn, which gives back what engines before had under way. */
  begin?: () => Promise<unknown>;
  store: Store;
  dispatch: Dispatch;
  clock: Clock;
  /** In [0, 1). */
  chance: () => number;
  notify: Notify;
}

const BEAT_MS = 3000;

/** Where none but other users have jobs, a look is for one of them who signs in with no word of it. */
const REST_MS = 60_000;

const SWEEP_MS = 3_600_000;
const STORAGE_RETRY_MS = 1000;

/**
 * Turns of all lanes that may be under way. Storage does one at a time anyway, and what waits there, a receipt waits for: with
 * hundreds of queues that was a second. The second one keeps storage busy while the first is heard of.
 */
const TURNS_AT_ONCE = 2;

/** The drain engine: a lane for each queue, over ports alone, the same in the Web Worker and in the service worker. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #gate = new Gate(TURNS_AT_ONCE);
  readonly #lanes = new Map<string, Lane>();
  readonly #work = new Map<string, LaneWork>();
  readonly #watchers = new Set<() => void>();
  readonly #stopListening: () => void;
  #stopBeating: (() => void) | undefined;
  #isResting = false;
  /** Words of queues without a lane, to which no look has an answer yet. */
  #asked = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Rows may be left of a user who was forgotten. */
  #mayBeForgotten = true;
  #mode: 'draining' | 'winding-down' | 'stopped' = 'draining';
  #epoch: number;
  readonly #begun: Promise<unknown>;
  readonly #started: Promise<void>;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#epoch = options.clock.epoch();
    this.#stopListening = options.notify.listen((events) => this.#hear(events));
    this.#begun = Promise.resolve(options.begin?.()).catch(() => undefined);
    this.#started = this.#openLanes();
  }

  /** Resolves when no queue has anything to do before `byAt`; once it winds down, when nothing is in flight. */
  async whenIdle(byAt: number): Promise<void> {
    await this.#started;
    const isIdle = (): boolean =>
      [...this.#lanes.keys()].every((queue) => {
        const work = this.#work.get(queue);
        const isDue = this.#mode === 'draining' && work?.nextAt !== undefined && work.nextAt <= byAt;
        return work?.inFlight === 0 && !isDue;
      });
    await this.#when(isIdle);
  }

  /** Jobs that have not ended, as of the last turns. */
  depth(): number {
    return [...this.#work.values()].reduce((sum, { depth }) => sum + depth, 0);
  }

  /** Claims nothing more, but lets what is in flight end. */
  windDown(): void {
    if (this.#mode === 'draining') this.#mode = 'winding-down';
    // A turn that is under way may still begin sends: only the next ones tell.
    this.#work.clear();
    for (const lane of this.#lanes.values()) lane.windDown();
  }

  /** Stops what is in flight, settles it and lets go. */
  stop(): Promise<void> {
    return this.#stop((lane) => lane.stop());
  }

  /** Lets go, and leaves to others what is under way. */
  leave(): Promise<void> {
    return this.#stop((lane) => lane.leave());
  }

  async #stop(end: (lane: Lane) => Promise<void>): Promise<void> {
    this.#mode = 'stopped';
    this.#stopListening();
    this.#stopBeating?.();
    // At once, since a page that is left has no time. No lane opens any more.
    await Promise.all([this.#started, ...[...this.#lanes.values()].map(end)]);
  }

  /** One look at a time answers all that ask before it begins: thousands may come with one burst. */
  async #openLanes(): Promise<void> {
    this.#asked += 1;
    if (this.#asked > 1) return;
    await this.#begun;
    while (this.#asked > 0) {
      const answered = this.#asked;
      await this.#openNew();
      this.#asked -= answered;
    }
  }

  async #openNew(): Promise<void> {
    try {
      for (const { name } of await this.#options.store.queues()) this.#open(name);
    } catch (error) {
      this.#options.notify.tell([{ type: 'storage-failed', detail: sentenceOf(error) }]);
      const { clock } = this.#options;
      if (this.#mode === 'draining') clock.at(clock.now() + STORAGE_RETRY_MS, () => void this.#openLanes());
    }
  }

  #open(queue: string): void {
    if (this.#lanes.has(queue) || this.#mode === 'stopped') return;
    const { id, notify } = this.#options;
    const onWork = (work: LaneWork): void => this.#onWork(queue, work);
    const lane = new Lane({
      ...this.#options,
      gate: this.#gate,
      queue,
      engine: id,
      tell: notify.tell,
      onWork,
      onJump: (epoch) => this.#onJump(epoch),
    });
    this.#lanes.set(queue, lane);
    if (this.#mode === 'winding-down') lane.windDown();
  }

  #hear(events: readonly SluiceEvent[]): void {
    for (const event of events) {
      if (event.type === 'identified') this.#changeOwner();
      if (event.type === 'aborting') void this.#lanes.get(event.queue)?.checkCancelled(event.ticket);
      if (event.type === 'accepted')
        this.#look(event.queue, this.#isEmpty(event.queue) ? 'nudge' : 'arrived');
      else if (WORTH_A_LOOK.has(event.type) && 'queue' in event) this.#look(event.queue, 'nudge');
    }
  }

  /** What whoever comes has, or whoever was forgotten, may be in a queue that nobody has told of: a word can be lost. */
  #changeOwner(): void {
    this.#mayBeForgotten = true;
    for (const lane of this.#lanes.values()) lane.changeOwner();
    void this.#openLanes();
  }

  /** A queue that nobody here has heard of may be new, or a lie: only the store can tell. */
  #look(queue: string | undefined, as: 'arrived' | 'nudge'): void {
    const lanes = queue === undefined ? [...this.#lanes.values()] : [this.#lanes.get(queue)];
    for (const lane of lanes) {
      if (lane) lane[as]();
      else void this.#openLanes();
    }
  }

  /** All lanes learn of it at once: whoever does counts the rates that they share as full from then on. */
  #onJump(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#look(undefined, 'nudge');
  }

  #onWork(queue: string, work: LaneWork): void {
    this.#work.set(queue, work);
    if (this.depth() > 0 && this.#isResting) {
      this.#stopBeating?.();
      this.#stopBeating = undefined;
    }
    if (this.#holds() > 0 && !this.#stopBeating) this.#beat();
    for (const watch of this.#watchers) watch();
    void this.#sweep();
    void this.#erase();
  }

  /** As of its last turn. Only of a queue that is known to hold jobs the engine looks by itself: its first is worth a turn. */
  #isEmpty(queue: string): boolean {
    const row = this.#work.get(queue)?.row;
    return !row || totalDepthOf(row) === 0;
  }

  /** Jobs of all users that have not ended. */
  #holds(): number {
    return [...this.#work.values()].reduce((sum, { row }) => sum + (row ? totalDepthOf(row) : 0), 0);
  }

  /** Only while there is work: an empty queue costs no timer. */
  #beat(): void {
    if (this.#mode === 'stopped') return;
    const { id, store, clock } = this.#options;
    this.#isResting = this.depth() === 0;
    if (!this.#isResting) store.beat(id, clock.now()).catch(() => undefined);
    const again = (): void => {
      this.#stopBeating = undefined;
      if (this.#holds() === 0) return;
      void this.#lookAround();
      this.#beat();
    };
    this.#stopBeating = clock.at(clock.now() + (this.#isResting ? REST_MS : BEAT_MS), again);
  }

  /** The word of a command may be lost, with the page that has given it: one read tells where a turn is worth it. */
  async #lookAround(): Promise<void> {
    const rows = await this.#options.store.queues().catch(() => undefined);
    if (!rows || this.#mode !== 'draining') return;
    const found = new Map(rows.map((row) => [row.name, row]));
    for (const queue of found.keys()) this.#open(queue);
    for (const [queue, { row }] of this.#work)
      if (JSON.stringify(row) !== JSON.stringify(found.get(queue))) this.#lanes.get(queue)?.nudge();
  }

  /** With the turns of the queues, rather than by a timer of its own. What fails now is swept next time. */
  async #sweep(): Promise<void> {
    const { clock } = this.#options;
    if (clock.now() < this.#sweptAt + SWEEP_MS) return;
    this.#sweptAt = clock.now();
    this.#mayBeForgotten = true;
    for (const queue of this.#lanes.keys()) await sweepQueue(this.#options, queue).catch(() => undefined);
  }

  /** The page that clears a user erases; it may end before it has, or storage refuse it. */
  async #erase(): Promise<void> {
    if (!this.#mayBeForgotten || this.#mode === 'stopped') return;
    this.#mayBeForgotten = false;
    const { store, clock, notify } = this.#options;
    const erased = await store.eraseForgotten(clock.now()).catch(() => undefined);
    if (erased) return notify.tell(erased);
    clock.at(clock.now() + STORAGE_RETRY_MS, () => {
      this.#mayBeForgotten = true;
      void this.#erase();
    });
  }

  #when(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = (): void => {
        if (!condition()) return;
        this.#watchers.delete(watch);
        resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }
}

const WORTH_A_LOOK = new Set<SluiceEvent['type']>([
  'nudged',
  'passed',
  'paused',
  'resumed',
  'redriven',
  'released',
  'policy-changed',
]);

async function sweepQueue({ store, notify, clock }: EngineOptions, queue: string): Promise<void> {
  let after: number | undefined = 0;
  while (after !== undefined) {
    const swept = await store.sweep({ queue, after }, clock.now());
    notify.tell(swept.events);
    after = swept.after;
  }
}
