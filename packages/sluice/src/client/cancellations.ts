import type { Ticket } from '../core/job.js';
import type { Notify } from '../core/ports.js';
import { isEnd } from '../drain/settled.js';

/**
 * Has jobs cancelled once their callers abort. A signal may be that of a whole page, handed to each fetch: what has ended lets go
 * of it.
 *
 * @param cancel may reject: the job may have ended, or another call have submitted the same thing
 */
export function createCancellations(
  notify: Notify,
  cancel: (ticket: Ticket) => Promise<unknown>,
): (ticket: Ticket, signal: AbortSignal) => Promise<void> {
  /** One listener for all: each event is looked at once, however many jobs there are. */
  const lives = new Map<Ticket, AbortController>();
  notify.listen((events) => {
    for (const event of events) {
      if (!isEnd(event)) continue;
      lives.get(event.ticket)?.abort();
      lives.delete(event.ticket);
    }
  });
  /** @throws what `signal` was aborted with meanwhile */
  return async (ticket, signal) => {
    const cancelOnce = () => cancel(ticket).catch(() => undefined);
    if (signal.aborted) await cancelOnce();
    signal.throwIfAborted();
    const life = lives.get(ticket) ?? new AbortController();
    lives.set(ticket, life);
    signal.addEventListener('abort', () => void cancelOnce(), { once: true, signal: life.signal });
  };
}
