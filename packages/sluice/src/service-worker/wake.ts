import { Queue } from 'workbox-background-sync/Queue.js';
import { sentenceOf } from '../core/errors.js';
import type { Drain, Wake, WakeState } from '../core/wake-state.js';

declare const self: ServiceWorkerGlobalScope;

/** How Background Sync stands in the registration; not in the DOM types, since two engines lack it. */
interface SyncManager {
  getTags(): Promise<string[]>;
}

/**
 * The bell: workbox-background-sync's Queue for `registerSync` and `onSync` alone. It never holds a job: its own replay
 * deletes before it sends. It is built only where Background Sync exists, because elsewhere it would call `onSync` at
 * every start with no event to keep us alive.
 */
export function createWake(name: string, drain: Drain): Wake {
  const sync = (self.registration as { sync?: SyncManager }).sync;
  if (!sync) return { register: async () => ({ kind: 'unsupported' }) };
  let isLastChance = false;
  // Before the Queue's own listener, which does not hand the event on.
  self.addEventListener('sync', (event) => {
    isLastChance = (event as Event & { lastChance?: boolean }).lastChance === true;
  });
  const queue = new Queue(name, {
    onSync: async () => {
      const isDone = await drain({ isLastChance });
      // Only an Error asks for another wake: the Queue takes any other rejection for a success.
      if (!isDone) throw new Error('[sluice] work is left for another wake');
    },
  });
  return { register: () => register(queue, sync, name) };
}

/** The Queue swallows a refusal: only the list of tags tells. */
async function register(queue: Queue, sync: SyncManager, name: string): Promise<WakeState> {
  try {
    await queue.registerSync();
    const tags = await sync.getTags();
    const isThere = tags.some((tag) => tag.endsWith(`:${name}`));
    return isThere ? { kind: 'ready' } : { kind: 'refused', detail: 'the browser did not register the sync' };
  } catch (error) {
    return { kind: 'refused', detail: sentenceOf(error) };
  }
}
