import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { News, NewsRequest, Wait } from '../core/messages.js';
import type { QueueRow } from '../core/queue-row.js';
import { type QueueView, viewOfQueue } from '../core/queue-view.js';
import type { Outcome } from '../core/views.js';
import type { Runtime } from '../drain/runtime.js';
import type { Watch } from '../drain/settled.js';
import { storageError } from '../store/indexed-db.js';
import { readQueues } from '../store/queues.js';
import { checkArguments } from './arguments.js';
import { plainError } from './plain-error.js';
import { depthIn, lostOf } from './vanished.js';

const FRAME_MS = 16;

/** A page that is hidden, or has no view, remembers the depth alone. */
const UNWATCHED_MS = 1000;

/** An answer in time shows that the host is there. A service worker is stopped after 30 s without an event. */
const QUIET_MS = 20_000;

const LOOK_EVERY_MS = 5000;
const LOOK_AGAIN_MS = 1000;

/** A look holds up the turns of the engine, which write what it reads: where looks take long they are few. */
const PAUSE_PER_LOOK = 10;
const LONGEST_PAUSE_MS = 200;

type World = Pick<Runtime, 'database' | 'notify' | 'clock' | 'chance'>;

/** What one page has been told, and is to be told next. Nothing is read while it does not ask. */
export class PageNews {
  readonly #world: World;
  readonly #watch: Watch;
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  #asked: NewsRequest | undefined;
  /** What the page remembers; where it may not, what it would. */
  #mark: string | null = null;
  #answer: ((news: News) => void) | undefined;
  /** What is to be told, but for the views. */
  #news: News = {};
  #views: Record<string, QueueView> = {};
  /** The views that the page has, as text. */
  readonly #told = new Map<string, string>();
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Of the first look the page is told, whatever it has found. */
  #hasTold = false;
  #rememberedAt = Number.NEGATIVE_INFINITY;
  #hasLooked = false;
  /** Something has happened since the last look. */
  #isStale = true;
  #lookMs = 0;
  /** The last look found no storage. */
  #hasFailed = false;
  #problems = '';
  #callOffLook: (() => void) | undefined;
  #callOffAnswer: (() => void) | undefined;
  #callOffLater: (() => void) | undefined;

  constructor(world: World, watch: Watch) {
    this.#world = world;
    this.#watch = watch;
    this.#stopListening = world.notify.listen((events) => this.#hear(events));
  }

  /** Resolves once there is something to tell; with nothing after a while, or once it is asked again. */
  ask(asked: NewsRequest): Promise<News> {
    const isShown = asked.isVisible && this.#asked?.isVisible === false;
    const isWatchedAgain = asked.isWatching && this.#asked?.isWatching === false;
    this.#answer?.({});
    this.#asked = asked;
    this.#mark = asked.mark ?? this.#mark;
    for (const wait of asked.waits) void this.#await(wait);
    // A page that is shown again: a probe may be due.
    if (isShown) this.#world.notify.tell([{ type: 'nudged', queue: undefined }]);
    const answered = new Promise<News>((resolve) => (this.#answer = resolve));
    this.#answerIn(QUIET_MS);
    if (this.#isStale) this.#lookSoon(isWatchedAgain || asked.isNew);
    this.#tellSoon();
    return answered;
  }

  close(): void {
    this.#closing.abort();
    this.#stopListening();
    this.#callOffLook?.();
    this.#callOffLater?.();
    this.#callOffAnswer?.();
    this.#answer?.({});
  }

  #hear(events: readonly SluiceEvent[]): void {
    for (const event of events) {
      if (event.type === 'wake-ready') this.#news.wake = { kind: 'ready' };
      if (event.type === 'wake-refused') this.#news.wake = { kind: 'refused', detail: event.detail };
      if (event.type === 'lost') this.#news.lost = event.depth;
      if (this.#asked?.types.includes(event.type)) (this.#news.events ??= []).push(event);
    }
    this.#isStale = true;
    this.#lookSoon();
    this.#tellSoon();
  }

  async #await({ id, ticket, isBrief }: Wait): Promise<void> {
    const { signal } = this.#closing;
    const settling = async (): Promise<Outcome> => {
      checkArguments('settled', [ticket]);
      return this.#watch.settled(ticket, signal);
    };
    const end = await settling().then(
      (outcome) => (isBrief ? { id } : { id, outcome }),
      (error: unknown) => ({ id, error: plainError(error) }),
    );
    (this.#news.ends ??= []).push(end);
    this.#tellSoon();
  }

  /** A timer rather than an animation frame: those stop in a hidden tab. */
  #lookSoon(isNow = false): void {
    if (!this.#answer || (this.#callOffLook && !isNow)) return;
    const { clock } = this.#world;
    const watchedMs = Math.min(Math.max(FRAME_MS, PAUSE_PER_LOOK * this.#lookMs), LONGEST_PAUSE_MS);
    const pauseMs = this.#asked?.isWatching ? watchedMs : UNWATCHED_MS;
    this.#callOffLook?.();
    this.#callOffLook = clock.at(clock.now() + (isNow ? 0 : pauseMs), () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#callOffLook = undefined;
    this.#isStale = false;
    const { clock, database } = this.#world;
    const startedAt = clock.now();
    const rows = await readQueues(database).catch(storageError);
    const now = clock.now();
    this.#lookMs = now - startedAt;
    const hasFailed = !Array.isArray(rows);
    if (!hasFailed) await this.#show(rows, now);
    // Storage that fails once leaves the last picture, until the next look.
    else if (this.#hasFailed || !this.#hasLooked)
      this.#setProblems({ storage: plainError(rows), queue: null });
    if (this.#closing.signal.aborted) return;
    this.#hasFailed = hasFailed;
    this.#hasLooked = true;
    this.#lookLater(hasFailed, now);
    this.#tellSoon();
  }

  async #show(rows: readonly QueueRow[], now: number): Promise<void> {
    this.#views = Object.fromEntries(rows.map((row) => [row.name, viewOfQueue(row, now)]));
    const blocked = rows.find((row) => row.blocked)?.blocked?.detail;
    const queue = blocked === undefined ? null : plainError(new SluiceError('cors-missing', blocked));
    this.#setProblems({ storage: null, queue });
    await this.#remember(now);
  }

  /** The page keeps the depth outside of this storage, once a second: a queue that vanishes is missed. */
  async #remember(now: number): Promise<void> {
    const views = Object.values(this.#views);
    const depth = views.reduce((sum, view) => sum + view.depth + view.others, 0);
    if (this.#hasLooked && depthIn(this.#mark) === depth) return;
    if (now < this.#rememberedAt + UNWATCHED_MS) return;
    this.#rememberedAt = now;
    const found = await lostOf(this.#world, this.#mark, depth).catch(() => undefined);
    if (!found || found.mark === this.#mark) return;
    this.#news.mark = this.#mark = found.mark;
    if (found.lost > 0) this.#world.notify.tell([{ type: 'lost', depth: found.lost }]);
  }

  #setProblems(problems: Pick<News, 'storage' | 'queue'>): void {
    const text = JSON.stringify(problems);
    if (text === this.#problems) return;
    this.#problems = text;
    Object.assign(this.#news, problems);
  }

  /** Of a freeze that is over no hint tells, nor of storage that is back. A hint may be lost, with the end of the last job. */
  #lookLater(hasFailed: boolean, now: number): void {
    const { clock } = this.#world;
    const views = Object.values(this.#views);
    const untils = views.flatMap(({ status }) => (status.kind === 'frozen' ? [status.until] : []));
    if (hasFailed) untils.push(now + LOOK_AGAIN_MS);
    const depth = views.reduce((sum, view) => sum + view.depth + view.others, 0);
    if (depth > 0) untils.push(now + LOOK_EVERY_MS);
    if (depth !== depthIn(this.#mark)) untils.push(now + UNWATCHED_MS);
    this.#callOffLater?.();
    const at = Math.min(...untils);
    const look = (): void => {
      this.#isStale = true;
      if (this.#answer) void this.#look();
    };
    this.#callOffLater = Number.isFinite(at) ? clock.at(at, look) : undefined;
  }

  /** At once, unless the page was told something within this frame; ends at once in any case. */
  #tellSoon(): void {
    if (!this.#answer || (!this.#hasLooked && !this.#news.ends)) return;
    const hasNews = Object.keys(this.#news).length > 0 || this.#newViews().length > 0 || this.#hasFewer();
    if (this.#hasTold && !hasNews) return;
    const inMs = this.#toldAt + FRAME_MS - this.#world.clock.now();
    if (inMs > 0 && !this.#news.ends) return this.#answerIn(inMs);
    // Those that end together are told together.
    queueMicrotask(() => this.#tell());
  }

  #answerIn(ms: number): void {
    const { clock } = this.#world;
    this.#callOffAnswer?.();
    this.#callOffAnswer = clock.at(clock.now() + ms, () => this.#tell());
  }

  #tell(): void {
    const answer = this.#answer;
    if (!answer) return;
    this.#answer = undefined;
    this.#callOffAnswer?.();
    this.#toldAt = this.#world.clock.now();
    const news = { ...this.#news, ...this.#takeViews() };
    this.#news = {};
    this.#hasTold ||= this.#hasLooked;
    answer(news);
  }

  /** The first views are told whether they are looked at or not. */
  #areWanted(): boolean {
    return !this.#hasTold || this.#asked?.isWatching === true;
  }

  /** A queue that was told of is gone, with all that was stored. */
  #hasFewer(): boolean {
    return this.#areWanted() && [...this.#told.keys()].some((name) => !Object.hasOwn(this.#views, name));
  }

  #newViews(): [name: string, view: QueueView][] {
    if (!this.#areWanted()) return [];
    return Object.entries(this.#views).filter(
      ([name, view]) => this.#told.get(name) !== JSON.stringify(view),
    );
  }

  #takeViews(): Pick<News, 'queues' | 'depth' | 'isWhole'> {
    const isWhole = this.#hasFewer();
    if (isWhole) this.#told.clear();
    const changed = this.#newViews();
    if (changed.length === 0 && !isWhole) return {};
    for (const [name, view] of changed) this.#told.set(name, JSON.stringify(view));
    const depth = Object.values(this.#views).reduce((sum, view) => sum + view.depth, 0);
    return { queues: Object.fromEntries(changed), depth, ...(isWhole ? { isWhole } : {}) };
  }
}
