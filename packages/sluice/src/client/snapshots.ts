import { isolated } from '../drain/isolated.js';
import type { QueueRow } from '../core/queue-row.js';
import { type QueueView, viewOfQueue } from '../core/queue-view.js';
import type { World } from '../drain/world.js';
import { readQueues } from '../store/queues.js';
import type { Snapshot } from './sluice.js';

/** What a snapshot holds besides the queues. */
export type PageState = Omit<Snapshot, 'queues' | 'depth'>;

/** The snapshot of a page, kept up to date: read from the store, at most once per frame, when a hint says so. */
export class Snapshots {
  readonly #world: Pick<World, 'database' | 'notify' | 'clock'>;
  readonly #callbacks = new Set<(told: void) => void>();
  readonly #stopListening: () => void;
  #page: PageState;
  /** What a queue has to say of an origin. */
  #blocked: string | undefined;
  #current: Snapshot;
  /** How long the last look took. */
  #lookMs = 0;
  /** Calls the refresh off that is coming. */
  #frame: (() => void) | undefined;
  /** Calls the look off that is due without a hint. */
  #thaw: (() => void) | undefined;
  #isClosed = false;

  constructor(world: Pick<World, 'database' | 'notify' | 'clock'>, page: PageState) {
    this.#world = world;
    this.#page = page;
    this.#current = { ...page, queues: {}, depth: 0 };
    this.#stopListening = world.notify.listen(() => this.refreshSoon());
  }

  get current(): Snapshot {
    return this.#current;
  }

  subscribe(callback: () => void): () => void {
    const tell = isolated(callback);
    this.#callbacks.add(tell);
    return () => this.#callbacks.delete(tell);
  }

  setPage(change: Partial<PageState>): void {
    this.#page = { ...this.#page, ...change };
    this.#replace({ ...this.#current, ...this.#shown() });
  }

  /**
   * A look holds up the turns of the engine, which write what it reads: where looks take long they are few.
   *
   * A timer rather than an animation frame: those stop in a hidden tab, and with them `settled`.
   */
  refreshSoon(): void {
    const { clock } = this.#world;
    const pauseMs = Math.min(Math.max(FRAME_MS, PAUSE_PER_LOOK * this.#lookMs), LONGEST_PAUSE_MS);
    this.#frame ??= clock.at(clock.now() + pauseMs, () => void this.refresh());
  }

  async refresh(): Promise<void> {
    this.#frame?.();
    this.#frame = undefined;
    // Storage that fails now leaves the last picture, until the next look.
    const { clock, database } = this.#world;
    const startedAt = clock.now();
    const rows = await readQueues(database).catch(() => undefined);
    const now = clock.now();
    this.#lookMs = now - startedAt;
    if (this.#isClosed) return;
    if (rows) this.#show(rows, now);
    // Of a freeze that is over no hint tells: nothing has happened.
    const untils = Object.values(this.#current.queues as Record<string, QueueView>).flatMap(frozenUntil);
    const thawAt = rows ? Math.min(...untils) : now + LOOK_AGAIN_MS;
    // A hint may be lost, and with the last one the end of the last job.
    const lookAt = holdsJobs(this.#current) ? Math.min(thawAt, now + LOOK_EVERY_MS) : thawAt;
    this.#thaw?.();
    this.#thaw = Number.isFinite(lookAt) ? clock.at(lookAt, () => void this.refresh()) : undefined;
  }

  #show(rows: readonly QueueRow[], now: number): void {
    const queues = Object.fromEntries(rows.map((row) => [row.name, viewOfQueue(row, now)]));
    const depth = Object.values(queues).reduce((sum, view) => sum + view.depth, 0);
    this.#blocked = rows.find(({ blocked }) => blocked)?.blocked?.detail;
    this.#replace({ ...this.#shown(), queues, depth });
  }

  /** A problem of the page goes before one of a queue. */
  #shown(): PageState {
    if (this.#page.problem || this.#blocked === undefined) return this.#page;
    const message = `[sluice] cors-missing: ${this.#blocked}`;
    return { ...this.#page, problem: { code: 'cors-missing', message } };
  }

  close(): void {
    this.#isClosed = true;
    this.#frame?.();
    this.#thaw?.();
    this.#stopListening();
    this.#callbacks.clear();
  }

  #replace(next: Snapshot): void {
    if (JSON.stringify(next) === JSON.stringify(this.#current)) return;
    this.#current = next;
    for (const callback of this.#callbacks) callback();
  }
}

function frozenUntil({ status }: QueueView): number[] {
  return status.kind === 'frozen' ? [status.until] : [];
}

function holdsJobs({ queues }: Snapshot): boolean {
  return Object.values(queues as Record<string, QueueView>).some(({ depth, others }) => depth + others > 0);
}

const FRAME_MS = 16;
const LOOK_EVERY_MS = 5000;
const LOOK_AGAIN_MS = 1000;
const PAUSE_PER_LOOK = 10;
const LONGEST_PAUSE_MS = 200;
