import type { SluiceEvent } from '../core/events.js';
import { heard, type Hint, PROTOCOL } from '../core/messages.js';
import type { Notify } from '../core/ports.js';

/** The others are told so often at most, and after whatever is under way: each message wakes every context of the app. */
const FRAME_MS = 16;

/** Hints between all contexts of an app. What is told here is heard here too: a context listens to one stream. */
export function createChannel(name: string): Notify {
  const channel = channelOf(name);
  const callbacks = new Set<(events: readonly SluiceEvent[]) => void>();
  const hear = (events: readonly SluiceEvent[]): void => {
    for (const callback of callbacks) callback(events);
  };
  channel?.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const events = heard(data);
    if (events) hear(events);
  });
  let untold: SluiceEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  let isClosed = false;
  const flush = (): void => {
    timer = undefined;
    toldAt = performance.now();
    const events = untold;
    untold = [];
    if (events.length > 0) channel?.postMessage({ protocol: PROTOCOL, events } satisfies Hint);
  };
  return {
    tell: (events) => {
      if (isClosed || events.length === 0) return;
      untold.push(...events);
      timer ??= setTimeout(flush, toldAt + FRAME_MS - performance.now());
      hear(events);
    },
    listen: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      flush();
      callbacks.clear();
      channel?.close();
    },
  };
}

/** Undefined where the browser blocks site data: Firefox throws. Each context then hears itself alone. */
function channelOf(name: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}
