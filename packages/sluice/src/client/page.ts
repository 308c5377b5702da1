import type { Ticket } from '../core/job.js';
import { PROTOCOL } from '../core/messages.js';
import { identityPath } from '../core/receipt.js';
import { fault } from './advice.js';
import { type Ask, createAsk } from './ask.js';
import { serviceWorker, serviceWorkers } from './container.js';
import { createFeed, type Feed } from './feed.js';
import { followLifecycle, tellServiceWorker } from './lifecycle.js';
import { lineTo, within } from './line.js';
import { whenDue } from './presence.js';
import { createRequests, type Requests } from './requests.js';
import type { JobChange, Sluice, SluiceEnqueueOptions, SluiceRequestInit } from './sluice.js';
import type { Snapshots } from './snapshots.js';
import { warnOfUncontrolled } from './uncontrolled-warning.js';
import type { WorkerLink } from './worker-link.js';
import { pageClock, pageWorld } from './world.js';

export interface PageOptions {
  name: string;
  /** The line to the worker of this page. */
  link: WorkerLink;
  snapshots: Snapshots;
  persist?: boolean;
  closing: AbortController;
}

/** What the handles of a page have in common. */
export interface Page {
  ask: Ask;
  feed: Feed;
  snapshots: Snapshots;
  requests: Requests;
  /** The service worker has seen all that was asked for before, and reads anew who is signed in. */
  barrier: () => Promise<unknown>;
  close: () => Promise<void>;
}

const SUSPEND_MS = 2000;

/** A service worker that has to start takes its time; one that hangs must not keep a user from signing out. */
const BARRIER_MS = 5000;

/** Puts the page's parts together, once its surroundings are known. */
export async function openPage(options: PageOptions): Promise<Page> {
  const { name, link, snapshots, closing } = options;
  const { signal } = closing;
  const world = pageWorld();
  const ask = createAsk({
    clock: pageClock,
    toServiceWorker: async () => {
      const found = await serviceWorker();
      return found ? lineTo(found, name, pageClock) : undefined;
    },
    link,
    closing: signal,
  });
  const feed = createFeed({ name, world, ask, snapshots, due: whenDue, closing: signal });
  followLifecycle({ ...options, feed, signal });
  warnOfUncontrolled(ask, snapshots, signal);
  feed.renew();
  await feed.opened;
  const tellAccepted = (): void => tellServiceWorker({ sluice: 'accepted', protocol: PROTOCOL, name });
  return {
    ask,
    feed,
    snapshots,
    requests: createRequests(world, { ask, ended: feed.ended, tellAccepted }),
    // By a `fetch`: no message is sure to come after the fetches before it. Ours whatever a <base> element says, and in an
    // `about:srcdoc` frame too, whose location has no origin.
    barrier: async () =>
      serviceWorkers()?.controller &&
      within(pageClock, BARRIER_MS, fetch(new Request(new URL(identityPath(name), origin)))).catch(
        () => undefined,
      ),
    close: async () => {
      // A worker that does not answer is ended all the same: its leases run out.
      const suspended = link.current?.ask('suspend');
      closing.abort(closed());
      await within(pageClock, SUSPEND_MS, Promise.resolve(suspended)).catch(() => undefined);
      link.suspend();
    },
  };
}

/** What is asked of the host as it stands. */
const ASKED = [
  'counts',
  'metrics',
  'list',
  'get',
  'pause',
  'resume',
  'nudge',
  'setPolicy',
  'cancel',
  'hold',
  'release',
  'redrive',
  'setContext',
  'export',
] as const;

/** What an app holds in its hands. Once it is closed it hears nothing, and asks for nothing. */
export function pageOf(
  { feed, ask, snapshots, requests, barrier }: Omit<Page, 'close'>,
  onClose: () => unknown,
): Sluice {
  const stops = new Set<() => void>();
  let end: Promise<void> | undefined;
  const asking =
    <A extends unknown[], R>(run: (...args: A) => R | Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (end) throw closed();
      return run(...args);
    };
  const listening = (call: string, callback: unknown, listen: () => () => void): (() => void) => {
    if (typeof callback !== 'function')
      throw fault(
        'config-invalid',
        `${call}: the callback is ${String(callback)}; allowed: a function`,
        callback,
      );
    if (end) return () => undefined;
    const stop = listen();
    stops.add(stop);
    return () => {
      stops.delete(stop);
      stop();
    };
  };
  /** What is on its way before belongs to the user before; what comes after does not. */
  const changeUser = async (call: 'identify' | 'forget', args: unknown[]): Promise<void> => {
    await requests.whenOver();
    await barrier();
    await ask(call, ...args);
    await barrier();
    await ask('whenReturned', call === 'forget');
  };
  const asked = ASKED.map((call) => [call, asking((...args: unknown[]) => ask(call, ...args))]);
  return {
    ...(Object.fromEntries(asked) as Pick<Sluice, (typeof ASKED)[number]>),
    settled: asking(feed.settled),
    edit: asking(async (ticket: Ticket, change: JobChange) => {
      // Headers cross to no other thread.
      const headers = change?.headers instanceof Headers && { headers: [...change.headers] };
      await ask('edit', ticket, headers ? { ...change, ...headers } : change);
    }),
    identify: asking((...args) => changeUser('identify', args)),
    clear: asking(async (filter: object) => {
      await ('identity' in Object(filter) ? changeUser('forget', [filter]) : ask('clear', filter));
    }),
    get mode() {
      return snapshots.current.mode;
    },
    get controlled() {
      return snapshots.current.controlled;
    },
    snapshot: feed.snapshot,
    subscribe: (callback) => listening('subscribe', callback, () => feed.subscribe(callback)),
    on: (type, callback) => listening('on', callback, () => feed.on(type, callback)),
    fetch: asking((input: RequestInfo | URL, init: SluiceRequestInit = {}) => requests.fetch(input, init)),
    enqueue: asking(async (input: Request | readonly Request[], options: SluiceEnqueueOptions = {}) => {
      if (input instanceof Request) return (await requests.enqueue([input], options))[0];
      if (Array.isArray(input) && input.every((one) => one instanceof Request))
        return requests.enqueue(input, options);
      throw fault(
        'config-invalid',
        `enqueue: it was given ${typeof input}; allowed: a Request, or a list of them`,
        input,
      );
    }) as Sluice['enqueue'],
    close: () =>
      (end ??= (async () => {
        for (const stop of stops) stop();
        await onClose();
      })()),
  };
}

function closed(): Error {
  return fault('closed', 'this connection was closed');
}
