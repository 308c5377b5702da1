import { SluiceError } from '../core/errors.js';
import type { EventOf, EventType, SluiceEvent } from '../core/events.js';
import { isolated } from '../drain/isolated.js';
import { type Intake, PROTOCOL, type Receipt } from '../core/messages.js';
import type { Notify } from '../core/ports.js';
import type { QueueView } from '../core/queue-view.js';
import type { PassingBy } from '../drain/pass-by.js';
import { browserWorld, type World } from '../drain/world.js';
import { storageError } from '../store/indexed-db.js';
import type { Database } from '../store/rows.js';
import { type HostLink, within } from './host-link.js';
import { followLifecycle, tellServiceWorker } from './lifecycle.js';
import { loadOnce, whenLoaded } from './load-controls.js';
import { createRequests, type Desk, NOBODY, type RequestParts, type Requests } from './requests.js';
import { deskOfServiceWorker } from './service-worker-desk.js';
import type { Sluice, SluiceEnqueueOptions } from './sluice.js';
import { Snapshots } from './snapshots.js';
import { warnOfUncontrolled } from './uncontrolled-warning.js';
import { findVanished, followDepth } from './vanished.js';
import type { WorkerLink } from './worker-link.js';

/** What a page has before it knows its surroundings. */
export interface BegunPage {
  world: World;
  snapshots: Snapshots;
  closing: AbortController;
}

export function beginPage(name: string): BegunPage {
  const closing = new AbortController();
  const world = untilClosed(browserWorld(name), closing.signal);
  return { world, snapshots: new Snapshots(world, ALONE), closing };
}

const ALONE = {
  mode: 'page-only',
  controlled: false,
  lost: 0,
  problem: undefined,
  wake: { kind: 'unsupported' },
} as const;

export interface PageOptions extends BegunPage {
  name: string;
  /** The line to the worker of this page. */
  link: WorkerLink;
  persist?: boolean;
}

/** Puts the page's parts together, once its surroundings are known. */
export async function openPage(options: PageOptions): Promise<Sluice> {
  const { name, link, world, snapshots, closing } = options;
  const { database, notify } = world;
  const looked = await findVanished(world, name).catch(storageError);
  const lost = typeof looked === 'number' ? looked : 0;
  if (typeof looked === 'number') snapshots.setPage({ lost });
  else snapshots.setProblem('storage', looked);
  const controls = loadOnce(async () => {
    const { createControls, passBarrier } = await import('./controls.js');
    const barrier = () => passBarrier(world, { name, link });
    // Where no worker runs, the place ends by time.
    const giveBack: PassingBy['giveBack'] = (pass, ended) =>
      void link.current?.remote.passed(pass, ended).catch(() => undefined);
    return createControls({ ...world, barrier, giveBack, closing: closing.signal });
  });
  const stopFollowing = followLifecycle({ ...options, controls });
  const stopWarning = warnOfUncontrolled(link, snapshots);
  notify.listen((events) => note(events, snapshots));
  const tellLost = (depth: number): void => {
    if (depth > 0) notify.tell([{ type: 'lost', depth }]);
  };
  const stopCounting = followDepth(world, { name, depth: () => held(snapshots), tellLost });
  await snapshots.refresh();
  tellLost(lost);
  // Here before anybody may ask for it, or be offline by then. Where it did not come, whoever asks is told.
  await controls().catch(() => undefined);
  return pageOf({
    world,
    snapshots,
    controls,
    desk: async () => {
      closing.signal.throwIfAborted();
      const worker = await link.alive();
      if (worker) return deskOf(worker, link);
      const desk = await deskOfServiceWorker(name);
      if (desk) return desk;
      await link.settled;
      return link.current ? deskOf(link.current, link) : NOBODY;
    },
    tellAccepted: () => tellServiceWorker({ sluice: 'accepted', protocol: PROTOCOL, name }),
    close: async () => {
      closing.abort(new SluiceError('closed', 'this connection was closed. Call connect() again.'));
      stopFollowing();
      stopCounting();
      stopWarning();
      snapshots.close();
      notify.close();
      // A worker that does not answer is ended all the same: its leases run out.
      const running = link.current;
      if (running) await within(SUSPEND_MS, running.remote.suspend(), 'the worker').catch(() => undefined);
      link.suspend();
      database.close();
    },
  });
}

function deskOf(host: HostLink, link: WorkerLink): Desk {
  return {
    fetch: (...asked) => link.answer<Intake>(host, host.remote.fetch(...asked)),
    enqueue: (...asked) => link.answer(host, host.remote.enqueue(...asked)),
  };
}

/** What is under way may end. Nothing else begins any more: it would open the database anew. */
function untilClosed(world: World, closing: AbortSignal): World {
  const { database } = world;
  const run: Database['run'] = async (plan, work) => {
    closing.throwIfAborted();
    return database.run(plan, work);
  };
  return { ...world, database: { ...database, run } };
}

/** What there is to lose: also what waits for another user. */
function held({ current }: Snapshots): number {
  const views = Object.values(current.queues as Record<string, QueueView>);
  return views.reduce((sum, { depth, others }) => sum + depth + others, 0);
}

export interface PageParts extends RequestParts {
  world: World;
  snapshots: Snapshots;
  close: () => Promise<void>;
}

/** What an app holds in its hands. */
export function pageOf({ world, snapshots, close, ...parts }: PageParts): Sluice {
  const requests = createRequests(world, parts);
  const loaded = whenLoaded(parts.controls);
  return {
    ...loaded,
    identify: async (...args) => {
      await requests.whenOver();
      await loaded.identify(...args);
    },
    clear: async (filter) => {
      // The call itself checks its argument.
      if ('identity' in Object(filter)) await requests.whenOver();
      await loaded.clear(filter);
    },
    get mode() {
      return snapshots.current.mode;
    },
    get controlled() {
      return snapshots.current.controlled;
    },
    snapshot: () => snapshots.current,
    subscribe: (callback) => snapshots.subscribe(requireCallback('subscribe', callback)),
    fetch: (input, init = {}) => requests.fetch(input, init),
    enqueue: createEnqueue(requests.enqueue),
    on: (type, callback) => listenTo(world.notify, type, requireCallback('on', callback)),
    close,
  };
}

/** @throws SluiceError `config-invalid` */
function requireCallback<T>(call: string, callback: T): T {
  if (typeof callback === 'function') return callback;
  const sentence = `${call}: the callback is ${String(callback)}; allowed: a function.`;
  throw new SluiceError('config-invalid', sentence, { value: callback });
}

const SUSPEND_MS = 2000;

/** @throws SluiceError `config-invalid` */
function requireRequests(input: unknown): readonly Request[] {
  if (Array.isArray(input) && input.every((one) => one instanceof Request)) return input;
  const sentence = `enqueue: it was given ${String(input)}; allowed: a Request, or a list of them: new Request(url, init).`;
  throw new SluiceError('config-invalid', sentence, { value: input });
}

/** One request in, one receipt out; a list in, a list out. */
function createEnqueue(enqueueAll: Requests['enqueue']): Sluice['enqueue'] {
  async function enqueue(request: Request, options?: SluiceEnqueueOptions): Promise<Receipt>;
  async function enqueue(requests: readonly Request[], options?: SluiceEnqueueOptions): Promise<Receipt[]>;
  async function enqueue(input: Request | readonly Request[], options: SluiceEnqueueOptions = {}) {
    if (!(input instanceof Request)) return enqueueAll(requireRequests(input), options);
    return (await enqueueAll([input], options))[0];
  }
  return enqueue;
}

function note(events: readonly SluiceEvent[], snapshots: Snapshots): void {
  for (const event of events) {
    if (event.type === 'wake-ready') snapshots.setPage({ wake: { kind: 'ready' } });
    if (event.type === 'wake-refused') snapshots.setPage({ wake: { kind: 'refused', detail: event.detail } });
    if (event.type === 'lost') snapshots.setPage({ lost: event.depth });
  }
}

function listenTo<T extends EventType>(
  notify: Notify,
  type: T,
  callback: (event: EventOf<T>) => void,
): () => void {
  const tell = isolated(callback);
  return notify.listen((events) => {
    for (const event of events) if (event.type === type) tell(event as EventOf<T>);
  });
}
