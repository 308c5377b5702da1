import type { SluiceEvent } from '../core/events.js';
import type { Notify } from '../core/ports.js';

/** What BroadcastChannel is to the contexts of an app, in memory. Each call is another context. */
export function createHub(): () => Notify {
  const listeners = new Set<(events: readonly SluiceEvent[]) => void>();
  return () => {
    const own = new Set<(events: readonly SluiceEvent[]) => void>();
    return {
      tell: (events) => {
        if (events.length === 0) return;
        for (const listener of listeners) listener(events);
      },
      listen: (listener) => {
        own.add(listener);
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => {
        for (const listener of own) listeners.delete(listener);
      },
    };
  };
}
