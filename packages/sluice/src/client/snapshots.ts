import { SluiceError } from '../core/errors.js';
import { isolated } from '../drain/isolated.js';
import type { QueueRow } from '../core/queue-row.js';
import { type QueueView, viewOfQueue } from '../core/queue-view.js';
import type { World } from '../drain/world.js';
import { readQueues } from '../store/queues.js';
import { storageError } from '../store/indexed-db.js';
import type { Mode, Snapshot } from './sluice.js';

/** What a snapshot holds besides the queues. */
export type PageState = Omit<Snapshot, 'queues' | 'depth'>;

/** What may keep a page from more, the first of them first. */
const SOURCES = ['control', 'worker', 'storage', 'queue'] as const;

type Source = (typeof SOURCES)[number];

export interface Control {
  controlled: boolean;
  /** The service worker of this page is ours, whether it controls this page or not. */
  isOurs: boolean;
  problem: SluiceError | undefined;
}

/** The snapshot of a page, kept up to date: read from the store, at most once per frame, when a hint says so. */
export class Snapshots {
  readonly #world: Pick<World, 'database' | 'notify' | 'clock'>;
  readonly #callbacks = new Set<(told: void) => void>();
  readonly #stopListening: () => void;
  #page: PageState;
  readonly #problems = new Map<Source, SluiceError | undefined>();
  #current: Snapshot;
  /** How long the last look took. */
  #lookMs = 0;
  /** Calls the refresh off that is coming. */
  #frame: (() => void) | undefined;
  /** Calls the look off that is due when a freeze is over, or storage may be back. */
  #thaw: (() => void) | undefined;
  #isClosed = false;
  /** That of the page while there is storage. */
  #mode: Mode;
  /** The last look found no storage. */
  #hasFailed = false;

  constructor(world: Pick<World, 'database' | 'notify' | 'clock'>, page: PageState) {
    this.#world = world;
    this.#page = page;
    this.#mode = page.mode;
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
    this.#replace({ ...this.#current, ...this.#page });
  }

  setControl({ controlled, isOurs, problem }: Control): void {
    const { wake } = this.#page;
    const canWake = isOurs && 'sync' in ServiceWorkerRegistration.prototype;
    this.#mode = isOurs ? 'service-worker' : 'page-only';
    const wakes = wake.kind === 'refused' ? wake : READY;
    this.setProblem('control', problem, { controlled, wake: canWake ? wakes : UNSUPPORTED });
  }

  /** Stays until it is taken back. */
  setProblem(source: Source, problem: SluiceError | undefined, change: Partial<PageState> = {}): void {
    if (problem && problem.message !== this.#problems.get(source)?.message) console.warn(problem.message);
    this.#problems.set(source, problem);
    const problems = SOURCES.flatMap((one) => this.#problems.get(one) ?? []);
    // A wrong config fails the service worker, too, and there the browser does not say why.
    const first = problems.find(({ code }) => code === 'config-invalid') ?? problems[0];
    const mode = this.#problems.get('storage') ? 'off' : this.#mode;
    this.setPage({ ...change, mode, problem: first && { code: first.code, message: first.message } });
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
    const { clock, database } = this.#world;
    const startedAt = clock.now();
    const rows = await readQueues(database).catch(storageError);
    const now = clock.now();
    this.#lookMs = now - startedAt;
    if (this.#isClosed) return;
    const hasFailed = !Array.isArray(rows);
    // Storage that fails once leaves the last picture, until the next look.
    if (!hasFailed) this.#show(rows, now);
    else if (this.#hasFailed) this.setProblem('storage', rows);
    this.#hasFailed = hasFailed;
    // Of a freeze that is over no hint tells, nor of storage that is back: nothing has happened.
    const untils = Object.values(this.#current.queues as Record<string, QueueView>).flatMap(frozenUntil);
    const thawAt = hasFailed ? now + LOOK_AGAIN_MS : Math.min(...untils);
    // A hint may be lost, and with the last one the end of the last job.
    const lookAt = holdsJobs(this.#current) ? Math.min(thawAt, now + LOOK_EVERY_MS) : thawAt;
    this.#thaw?.();
    this.#thaw = Number.isFinite(lookAt) ? clock.at(lookAt, () => void this.refresh()) : undefined;
  }

  #show(rows: readonly QueueRow[], now: number): void {
    const queues = Object.fromEntries(rows.map((row) => [row.name, viewOfQueue(row, now)]));
    const depth = Object.values(queues).reduce((sum, view) => sum + view.depth, 0);
    const blocked = rows.find((row) => row.blocked)?.blocked?.detail;
    this.setProblem('storage', undefined);
    this.setProblem('queue', blocked === undefined ? undefined : new SluiceError('cors-missing', blocked));
    this.#replace({ ...this.#page, queues, depth });
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

const READY = { kind: 'ready' } as const;
const UNSUPPORTED = { kind: 'unsupported' } as const;
const FRAME_MS = 16;
const LOOK_EVERY_MS = 5000;
const LOOK_AGAIN_MS = 1000;
const PAUSE_PER_LOOK = 10;
const LONGEST_PAUSE_MS = 200;
