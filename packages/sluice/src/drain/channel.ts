import type { SluiceEvent } from '../core/events.js';
import { heard, type Hint, PROTOCOL } from '../core/messages.js';
import type { Notify } from '../core/ports.js';

/** Hints between all contexts of an app. What is told here is heard here too: a context listens to one stream. */
export function createChannel(name: string): Notify {
  const channel = new BroadcastChannel(name);
  const callbacks = new Set<(events: readonly SluiceEvent[]) => void>();
  const hear = (events: readonly SluiceEvent[]): void => {
    for (const callback of callbacks) callback(events);
  };
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const events = heard(data);
    if (events) hear(events);
  });
  return {
    tell: (events) => {
      if (events.length === 0) return;
      channel.postMessage({ protocol: PROTOCOL, events: [...events] } satisfies Hint);
      hear(events);
    },
    listen: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: () => {
      callbacks.clear();
      channel.close();
    },
  };
}
