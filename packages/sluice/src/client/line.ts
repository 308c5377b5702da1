import { type Endpoint, wrap } from 'comlink';
import { SluiceError } from '../core/errors.js';
import { type Hello, type Host, type HostRequest, type PlainError, PROTOCOL } from '../core/messages.js';
import { fault } from './advice.js';
import type { PageClock } from './world.js';

/** A connection to a host: the worker of the page, or the service worker. */
export interface Line {
  readonly hello: Hello;
  /** @throws SluiceError that of the call; `host-gone` once the line is closed */
  ask(call: string, ...args: unknown[]): Promise<unknown>;
  /** Whatever is asked has no answer any more. */
  close(): void;
  /** Closes it unless it answers. */
  check(): Promise<unknown>;
}

export interface LineOptions {
  name: string;
  clock: PageClock;
  /** Ends the other side. */
  end: () => void;
  /** So long it may take to say hello: a proxy by itself would wait for ever. */
  ms: number;
  /** The engine of an earlier life of the page. */
  left?: string;
  /** The page has a service worker. */
  isControlled?: boolean;
}

const ANSWER_MS = 5000;

/** @throws SluiceError `no-answer`, `config-invalid` */
export async function openLine(endpoint: Endpoint, options: LineOptions): Promise<Line> {
  const { name, clock, end, ms, left, isControlled } = options;
  const remote = wrap<Host>(endpoint);
  const pending = new Set<(error: SluiceError) => void>();
  const close = (): void => {
    end();
    for (const reject of pending) reject(fault('host-gone', 'the worker ended before its answer'));
  };
  const ask: Line['ask'] = (call, ...args) =>
    new Promise((resolve, reject) => {
      pending.add(reject);
      remote
        .call(call, ...args)
        .then((reply) => ('error' in reply ? reject(errorOf(reply.error)) : resolve(reply.value)))
        // What cannot be copied from thread to thread is no argument.
        .catch((error: Error) => reject(fault('config-invalid', `${call}: ${error.message}`)))
        .finally(() => pending.delete(reject));
    });
  const hello = within(clock, ms, ask('hello', name, PROTOCOL, left, isControlled)) as Promise<Hello>;
  await hello.catch(close);
  let checking: Promise<unknown> | undefined;
  const check = (): Promise<unknown> =>
    (checking ??= within(clock, ANSWER_MS, ask('ping'))
      .catch(close)
      .finally(() => (checking = undefined)));
  return { hello: await hello, ask, close, check };
}

/** @throws SluiceError `no-answer` */
export function lineTo(serviceWorker: ServiceWorker, name: string, clock: PageClock): Promise<Line> {
  const { port1, port2 } = new MessageChannel();
  serviceWorker.postMessage({ sluice: 'host', protocol: PROTOCOL, name } satisfies HostRequest, [port2]);
  return openLine(port1, { name, clock, end: () => port1.close(), ms: ANSWER_MS });
}

/** An error as it was thrown on the other side. */
export function errorOf(plain: PlainError): Error {
  return Object.assign(plain.code ? new SluiceError(plain.code, '') : new Error(), plain);
}

/** @throws SluiceError `no-answer` after `ms` */
export function within<T>(clock: PageClock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = clock.at(clock.now() + ms, () => reject(fault('no-answer', `none within ${ms} ms`, ms)));
    promise.then(resolve, reject).finally(callOff);
  });
}
