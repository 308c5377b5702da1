import type { Clock } from '../core/ports.js';
import { sleepUntil } from './sleep-until.js';

type Fetch = (request: Request, init: RequestInit) => Promise<Response>;

/** So long a failure is doubted. Most pages that are left are gone by then. */
const DOUBT_MS = 1000;

/** Chromium and Firefox, which end the workers first, and whose failures are believed at once. */
const ENDS_WORKERS_FIRST = /^(Failed to fetch|NetworkError when attempting)/;

/**
 * A failure of the network is believed only while its page stays. WebKit fails what a page and its workers have under way
 * when the next page is asked for, and ends the workers when that page comes (docs/discoveries): to the job it would look
 * like an attempt, and like an outage to its queue.
 */
export function unlessLeft<W extends { fetch: Fetch; clock: Clock }>(world: W): W {
  const { fetch, clock } = world;
  return {
    ...world,
    fetch: async (request, init) => {
      try {
        return await fetch(request, init);
      } catch (error) {
        const isCertain = ENDS_WORKERS_FIRST.test(messageOf(error));
        if (init.signal && !isCertain) await sleepUntil(clock, clock.now() + DOUBT_MS, init.signal);
        throw error;
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
