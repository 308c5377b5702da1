import type { Clock, Notify } from '../core/ports.js';
import { openIndexedDb } from '../store/indexed-db.js';
import type { Database } from '../store/rows.js';
import { createChannel } from './channel.js';
import { createClock } from './clock.js';

/** All that the parts of a context take from the platform. */
export interface World {
  /** Relative URLs resolve against it. Its origin is our own, but in a page whose <base> element says otherwise. */
  base: string;
  database: Database;
  notify: Notify;
  clock: Clock;
  /** In [0, 1). */
  chance: () => number;
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
  /** Undefined where the browser has none: then leases alone keep engines apart. */
  locks: LockManager | undefined;
}

/** Opens nothing yet: a service worker that passes everything through never touches storage. */
export function browserWorld(name: string): World {
  const notify = createChannel(name);
  return {
    // As `fetch` does in a page: a <base> element counts.
    base: (globalThis as { document?: { baseURI: string } }).document?.baseURI ?? location.href,
    // Who is signed in there, and which keys it has, is to be read anew by everybody.
    database: openIndexedDb(name, { lost: () => notify.tell([{ type: 'identified' }]) }),
    notify,
    clock: createClock(),
    chance: () => Math.random(),
    fetch: (request, init) => fetch(request, init),
    locks: navigator.locks,
  };
}
