import type { Clock } from '../core/ports.js';

/** What a page takes of its platform. */
export interface PageWorld {
  /** Relative URLs resolve against it. Its origin is our own, but in a page whose <base> element says otherwise. */
  base: string;
  clock: PageClock;
  fetch: (request: Request) => Promise<Response>;
  /** Keeps a mark of the queue outside of its database. Throws where the browser allows no storage. */
  storage: () => Pick<Storage, 'getItem' | 'setItem'>;
}

export type PageClock = Pick<Clock, 'now' | 'at'>;

export const pageClock: PageClock = {
  now: () => Date.now(),
  at: (at, callback) => {
    const timer = setTimeout(callback, at - Date.now());
    return () => clearTimeout(timer);
  },
};

export function pageWorld(): PageWorld {
  return {
    base: document.baseURI,
    clock: pageClock,
    fetch: (request) => fetch(request),
    storage: () => localStorage,
  };
}
