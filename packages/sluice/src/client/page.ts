import type { SluiceError } from '../core/errors.js';
import type { EventOf, EventType, SluiceEvent } from '../core/events.js';
import type { Receipt } from '../core/messages.js';
import type { Notify } from '../core/ports.js';
import { browserWorld, type World } from '../drain/world.js';
import { passBarrier } from './barrier.js';
import { linkToServiceWorker, type WorkerLink, within } from './host-link.js';
import { followLifecycle } from './lifecycle.js';
import { loadOnce, type LoadControls, whenLoaded } from './load-controls.js';
import { createRequests, type Desk, type Requests } from './requests.js';
import type { Mode, Sluice, SluiceEnqueueOptions } from './sluice.js';
import { Snapshots } from './snapshots.js';
import { warnOfUncontrolled } from './uncontrolled-warning.js';
import { findVanished, followDepth } from './vanished.js';

export interface PageOptions {
  name: string;
  mode: Mode;
  controlled: boolean;
  /** The line to the worker of this page, where it runs. */
  link: WorkerLink | undefined;
  problem: SluiceError | undefined;
  onClose: () => void;
}

/** Puts the page's parts together, once its surroundings are known. */
export async function openPage(options: PageOptions): Promise<Sluice> {
  const { name, link, problem } = options;
  const world = browserWorld(name);
  const { database, notify } = world;
  const vanished = await findVanished(database, name).catch(() => 'no storage' as const);
  const mode = vanished === 'no storage' ? 'off' : options.mode;
  const lost = vanished === 'no storage' ? 0 : vanished;
  const snapshots = new Snapshots(world, {
    mode,
    controlled: options.controlled,
    lost,
    problem: problem && { code: problem.code, message: problem.message },
    wake: (await hasBackgroundSync()) ? { kind: 'ready' } : { kind: 'unsupported' },
  });
  const barrier = () =>
    passBarrier(world, { name, link, isIntercepting: () => navigator.serviceWorker?.controller != null });
  const closing = new AbortController();
  const controls = loadOnce(async () =>
    (await import('./controls.js')).createControls({ ...world, barrier, closing: closing.signal }),
  );
  const stopFollowing = followLifecycle({ name, link, world, snapshots, controls });
  const stopWarning = warnOfUncontrolled(link, snapshots);
  notify.listen((events) => note(events, snapshots));
  const tellLost = (depth: number): void => {
    if (depth > 0) notify.tell([{ type: 'lost', depth }]);
  };
  followDepth(world, { name, depth: () => held(snapshots), tellLost });
  await snapshots.refresh();
  tellLost(lost);
  // Here before anybody may ask for it, or be offline by then. Where it did not come, whoever asks is told.
  await controls().catch(() => undefined);
  return pageOf({
    world,
    snapshots,
    controls,
    desk: async () => {
      await link?.resumed;
      return (link ?? (await linkToServiceWorker(name))).remote;
    },
    close: async () => {
      options.onClose();
      closing.abort();
      stopFollowing();
      stopWarning();
      snapshots.close();
      notify.close();
      // A worker that does not answer is ended all the same: its leases run out.
      if (link) await within(SUSPEND_MS, link.remote.suspend(), 'the worker').catch(() => undefined);
      link?.close();
      database.close();
    },
  });
}

/** What there is to lose: also what waits for another user. */
function held({ current }: Snapshots): number {
  return Object.values(current.queues).reduce((sum, { depth, others }) => sum + depth + others, 0);
}

export interface PageParts {
  world: World;
  snapshots: Snapshots;
  controls: LoadControls;
  desk: () => Promise<Desk>;
  close: () => Promise<void>;
}

/** What an app holds in its hands. */
export function pageOf({ world, snapshots, controls, desk, close }: PageParts): Sluice {
  const requests = createRequests(world, { desk, controls });
  return {
    ...whenLoaded(controls),
    get mode() {
      return snapshots.current.mode;
    },
    get controlled() {
      return snapshots.current.controlled;
    },
    snapshot: () => snapshots.current,
    subscribe: (callback) => snapshots.subscribe(callback),
    fetch: (input, init = {}) => requests.fetch(input, init),
    enqueue: createEnqueue(requests.enqueue),
    on: (type, callback) => listenTo(world.notify, type, callback),
    close,
  };
}

const SUSPEND_MS = 2000;

/** One request in, one receipt out; a list in, a list out. */
function createEnqueue(enqueueAll: Requests['enqueue']): Sluice['enqueue'] {
  async function enqueue(request: Request, options?: SluiceEnqueueOptions): Promise<Receipt>;
  async function enqueue(requests: readonly Request[], options?: SluiceEnqueueOptions): Promise<Receipt[]>;
  async function enqueue(input: Request | readonly Request[], options: SluiceEnqueueOptions = {}) {
    if (!(input instanceof Request)) return enqueueAll(input, options);
    return (await enqueueAll([input], options))[0];
  }
  return enqueue;
}

function note(events: readonly SluiceEvent[], snapshots: Snapshots): void {
  for (const event of events) {
    if (event.type === 'wake-refused') snapshots.setPage({ wake: { kind: 'refused', detail: event.detail } });
    if (event.type === 'lost') snapshots.setPage({ lost: event.depth });
  }
}

function listenTo<T extends EventType>(
  notify: Notify,
  type: T,
  callback: (event: EventOf<T>) => void,
): () => void {
  return notify.listen((events) => {
    for (const event of events) if (event.type === type) callback(event as EventOf<T>);
  });
}

async function hasBackgroundSync(): Promise<boolean> {
  const registration = await navigator.serviceWorker?.getRegistration();
  return registration !== undefined && 'sync' in registration;
}
