import type { EventOf, EventType } from '../core/events.js';
import { isolated } from '../core/isolated.js';
import type { Ticket } from '../core/job.js';
import type { News, NewsRequest, Wait } from '../core/messages.js';
import type { Outcome } from '../core/views.js';
import type { Ask } from './ask.js';
import { errorOf } from './line.js';
import type { Due } from './presence.js';
import type { Snapshots } from './snapshots.js';
import type { PageWorld } from './world.js';

/** So long after it was read a snapshot is kept up to date, though nothing subscribes to it. */
const READ_MS = 5000;

const RETRY_MS = 1000;

/** What the host of a page tells it: views, events, and the ends of jobs that are waited for. */
export interface Feed {
  /** Resolves once the first news are there, or there is no host that tells any. */
  readonly opened: Promise<void>;
  snapshot(): Snapshots['current'];
  subscribe(callback: () => void): () => void;
  on<T extends EventType>(type: T, callback: (event: EventOf<T>) => void): () => void;
  settled(ticket: Ticket): Promise<Outcome>;
  /** The same, without how it ended. */
  ended(ticket: Ticket): Promise<unknown>;
  /** Tells the host anew what the page wants to know. */
  renew(): void;
}

export interface FeedOptions {
  name: string;
  world: Pick<PageWorld, 'clock' | 'storage'>;
  ask: Ask;
  snapshots: Snapshots;
  due: Due;
  closing: AbortSignal;
}

interface Waiting extends Wait {
  resolve: (outcome: never) => void;
  reject: (error: Error) => void;
}

/** One call waits at the host for whatever there is to tell. Where that host ends, another is told all that is waited for. */
export function createFeed({
  name,
  world: { clock, storage: openStorage },
  ask,
  snapshots,
  due,
  closing,
}: FeedOptions): Feed {
  const page = `${Math.random()}`;
  const key = `sluice:${name}`;
  const listeners = new Map<EventType, Set<(event: never) => void>>();
  const waiting = new Map<number, Waiting>();
  let untold: Waiting[] = [];
  let isNew = true;
  let ids = 0;
  let calls = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  let isRenewing = false;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const isLatest = (own: number): boolean => own === calls && !closing.aborted;
  const isVisible = (): boolean => globalThis.document?.visibilityState !== 'hidden';
  /** A hidden page that reads its snapshot has a reason. */
  const isWatching = (): boolean => clock.now() < readAt + READ_MS || (snapshots.isWatched && isVisible());
  /** Where nothing may be kept, a queue that vanishes goes unnoticed. */
  const kept = <T>(use: (storage: ReturnType<PageWorld['storage']>) => T): T | null => {
    try {
      return use(openStorage());
    } catch {
      return null;
    }
  };
  const request = (): NewsRequest => {
    const waits = (isNew ? [...waiting.values()] : untold).map(({ id, ticket, isBrief }) => ({
      id,
      ticket,
      isBrief,
    }));
    untold = [];
    return {
      page,
      isNew,
      isVisible: isVisible(),
      isWatching: isWatching(),
      mark: kept((storage) => storage.getItem(key)),
      types: [...listeners.keys()],
      waits,
    };
  };
  const take = ({ isUnknown = false, mark, ends = [], events = [], ...news }: News): void => {
    isNew = isUnknown;
    if (mark) kept((storage) => storage.setItem(key, mark));
    for (const event of events) listeners.get(event.type)?.forEach((tell) => tell(event as never));
    snapshots.take(news);
    for (const { id, outcome, error } of ends) {
      const one = waiting.get(id);
      waiting.delete(id);
      if (error) one?.reject(errorOf(error));
      else one?.resolve(outcome as never);
    }
  };
  const followOnce = async (): Promise<void> => {
    try {
      take((await ask('news', request())) as News);
      // A host that forgets at once what it was asked must not be asked without end.
      if (isNew) await due(RETRY_MS, closing);
      else open();
    } catch (error) {
      isNew = true;
      open();
      if ((error as { code?: string }).code !== 'host-gone') await due(RETRY_MS, closing);
    }
  };
  const follow = async (own: number): Promise<void> => {
    isRenewing = false;
    while (isLatest(own)) await followOnce();
  };
  const renew = (): void => {
    if (!isRenewing) queueMicrotask(() => void follow((calls += 1)));
    isRenewing = true;
  };
  const wait = (ticket: Ticket, isBrief: boolean): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const one = { id: (ids += 1), ticket, isBrief, resolve, reject };
      waiting.set(one.id, one);
      untold.push(one);
      renew();
    });
  return {
    opened,
    snapshot: () => {
      if (!isWatching()) renew();
      readAt = clock.now();
      return snapshots.current;
    },
    subscribe: (callback) => {
      renew();
      return snapshots.subscribe(callback);
    },
    on: (type, callback) => {
      const tell = isolated(callback);
      const told = listeners.get(type) ?? new Set();
      listeners.set(type, told.add(tell));
      renew();
      return () => told.delete(tell) && !told.size && listeners.delete(type);
    },
    settled: (ticket) => wait(ticket, false),
    ended: (ticket) => wait(ticket, true),
    renew,
  };
}
