import type { World } from '../drain/world.js';
import { withoutFragment } from '../transport/replay.js';

/** Gets what is sent, and answers or throws as `fetch` does. */
export type Service = (request: Request) => Response | Promise<Response>;

/** What a real `fetch` does between its caller and a service: no fragment goes over the wire, and an abort ends the wait. */
export function createNetwork(service: Service): World['fetch'] {
  return async (sent, init) => {
    const signal = init.signal ?? sent.signal;
    const arriving = await onTheWire(sent, signal);
    return untilAborted(signal, async () => service(arriving));
  };
}

/** Made of its parts, the body read: not every browser takes the stream of one request as the body of another. */
async function onTheWire(sent: Request, signal: AbortSignal): Promise<Request> {
  const { method, headers, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity } = sent;
  const body = await sent.arrayBuffer();
  return new Request(withoutFragment(sent.url), {
    method,
    headers,
    mode,
    credentials,
    cache,
    redirect,
    referrer,
    referrerPolicy,
    integrity,
    signal,
    body: body.byteLength > 0 ? body : null,
  });
}

async function untilAborted<T>(signal: AbortSignal, begin: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let callOff = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
    callOff = () => signal.removeEventListener('abort', onAbort);
  });
  return Promise.race([begin(), aborted]).finally(callOff);
}
