import type { openLine } from '../../sluice/src/client/line.ts';
import type { Context } from './contexts.ts';

type Endpoint = Parameters<typeof openLine>[0];

/** A message between two threads takes so long. */
const MESSAGE_MS = 0.1;

/** The two ends of a channel between contexts. What one that is gone would hear or say is lost. */
export function channelBetween(one: Context, other: Context): [Endpoint, Endpoint] {
  const listeners = [new Set<Listener>(), new Set<Listener>()] as const;
  const end = (own: 0 | 1, from: Context, to: Context): Endpoint => ({
    postMessage: (message: unknown) => {
      const data: unknown = structuredClone(message);
      if (!from.isAlive) return;
      to.later(MESSAGE_MS, () => {
        for (const listener of listeners[own === 0 ? 1 : 0]) call(listener, { data } as MessageEvent);
      });
    },
    addEventListener: (_type, listener) => listeners[own].add(listener as Listener),
    removeEventListener: (_type, listener) => listeners[own].delete(listener as Listener),
  });
  return [end(0, one, other), end(1, other, one)];
}

type Listener = ((event: MessageEvent) => void) | { handleEvent(event: MessageEvent): void };

function call(listener: Listener, event: MessageEvent): void {
  if (typeof listener === 'function') listener(event);
  else listener.handleEvent(event);
}
