import type { openLine } from '../../sluice/src/client/line.ts';
import type { Context } from './contexts.ts';

type Endpoint = Parameters<typeof openLine>[0];

/** A message between two threads takes so long. */
const MESSAGE_MS = 0.1;

/** The channels of each context live as long as it does. */
const CHANNELS = new WeakMap<Context, Channel[]>();

/**
 * The two ends of a channel between contexts. What one that is gone would hear or say is lost.
 *
 * The ends hold their channel weakly: comlink keeps each end until its proxy is collected (`FinalizationRegistry`), and the contexts
 * of a channel hold that proxy. A run would stay in memory for ever.
 */
export function channelBetween(one: Context, other: Context): [Endpoint, Endpoint] {
  const channel = new Channel([one, other]);
  for (const context of [one, other]) CHANNELS.set(context, [...(CHANNELS.get(context) ?? []), channel]);
  const weak = new WeakRef(channel);
  const end = (own: Side): Endpoint => ({
    postMessage: (message: unknown) => weak.deref()?.post(own, structuredClone(message)),
    addEventListener: (_type, listener) => weak.deref()?.listeners[own].add(listener as Listener),
    removeEventListener: (_type, listener) => weak.deref()?.listeners[own].delete(listener as Listener),
  });
  return [end(0), end(1)];
}

type Side = 0 | 1;

type Listener = ((event: MessageEvent) => void) | { handleEvent(event: MessageEvent): void };

class Channel {
  readonly listeners = [new Set<Listener>(), new Set<Listener>()] as const;
  readonly #contexts: readonly [Context, Context];

  constructor(contexts: readonly [Context, Context]) {
    this.#contexts = contexts;
  }

  post(from: Side, data: unknown): void {
    if (!this.#contexts[from].isAlive) return;
    const to = from === 0 ? 1 : 0;
    this.#contexts[to].later(MESSAGE_MS, () => {
      for (const listener of this.listeners[to]) call(listener, { data } as MessageEvent);
    });
  }
}

function call(listener: Listener, event: MessageEvent): void {
  if (typeof listener === 'function') listener(event);
  else listener.handleEvent(event);
}
