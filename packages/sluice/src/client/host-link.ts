import { releaseProxy, type Remote, wrap } from 'comlink';
import { isSluiceError, SluiceError, sentenceOf } from '../core/errors.js';
import { type Hello, type Host, type HostRequest, PROTOCOL } from '../core/messages.js';
import { registration, serviceWorkers } from './container.js';

/** The page's line to whoever enqueues for it: its worker, or else the service worker. */
export interface HostLink {
  readonly remote: Remote<Host>;
  readonly hello: Hello;
  close(): void;
}

/** What does not say hello by then is not there: a proxy by itself would wait for ever. */
const HELLO_MS = 5000;

/** A script may take so long to come. */
const START_MS = 10_000;

export async function saysHello({ remote }: HostLink): Promise<boolean> {
  return within(HELLO_MS, remote.hello(), 'the worker').then(
    () => true,
    () => false,
  );
}

/** @throws SluiceError `worker-failed`, `no-answer`, `protocol-mismatch`, `config-invalid` */
export async function startWorker(spawn: () => Worker, name: string): Promise<HostLink> {
  return spawnAndGreet(spawn, name).catch((cause: unknown) => {
    throw isSluiceError(cause) ? cause : workerFailed(sentenceOf(cause), cause);
  });
}

async function spawnAndGreet(spawn: () => Worker, name: string): Promise<HostLink> {
  const worker = spawn();
  const remote = wrap<Host>(worker);
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) => {
      const why = message ? Promise.resolve(message) : whyNotLoaded();
      void why.then((reason) => reject(invalidConfig(reason) ?? workerFailed(reason)));
    });
  });
  const hello = within(START_MS, Promise.race([remote.hello(), failed]), 'the worker');
  return greeted({ remote, hello, end: () => worker.terminate() }, name);
}

/** The browser says no more than that it failed: a page's own policy may forbid it. */
async function whyNotLoaded(): Promise<string> {
  const answer = await fetch(new URL('#sluice-direct', location.href), { method: 'HEAD' }).catch(
    () => undefined,
  );
  const policy = answer?.headers.get('Cross-Origin-Embedder-Policy') ?? 'unsafe-none';
  if (policy === 'unsafe-none') return 'its script did not load.';
  return `its script did not load. This page has the header 'Cross-Origin-Embedder-Policy: ${policy}': serve that script with it, too.`;
}

/** Undefined where there is none for this page. @throws SluiceError `no-answer`, `protocol-mismatch` */
export async function linkToServiceWorker(name: string): Promise<HostLink | undefined> {
  // It does not control a page that was reloaded past the cache, and serves the app all the same.
  const serviceWorker = serviceWorkers()?.controller ?? (await registration())?.active;
  return serviceWorker ? greeted(lineTo(serviceWorker, name), name) : undefined;
}

/** Whether it is Sluice of this name, of whatever version. */
export async function answersAs(serviceWorker: ServiceWorker, name: string): Promise<boolean> {
  const { remote, hello, end } = lineTo(serviceWorker, name);
  const answer = await hello.catch(() => undefined);
  remote[releaseProxy]();
  end();
  return answer?.name === name;
}

function lineTo(serviceWorker: ServiceWorker, name: string): Line {
  const { port1, port2 } = new MessageChannel();
  serviceWorker.postMessage({ sluice: 'host', protocol: PROTOCOL, name } satisfies HostRequest, [port2]);
  const remote = wrap<Host>(port1);
  const hello = within(HELLO_MS, remote.hello(), 'the service worker');
  return { remote, hello, end: () => port1.close() };
}

interface Line {
  remote: Remote<Host>;
  hello: Promise<Hello>;
  end: () => void;
}

/** What does not answer, or in another language, is let go of. */
async function greeted({ remote, hello, end }: Line, name: string): Promise<HostLink> {
  const close = (): void => {
    remote[releaseProxy]();
    end();
  };
  try {
    checkHello(await hello, name);
    return { remote, hello: await hello, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** @throws SluiceError `no-answer` after `ms` */
export function within<T>(ms: number, promise: Promise<T>, who: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new SluiceError('no-answer', `${who} did not answer within ${ms} ms.`, { value: ms });
    timer = setTimeout(reject, ms, error);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function checkHello({ protocol, name }: Hello, wanted: string): void {
  if (protocol !== PROTOCOL) {
    throw new SluiceError(
      'protocol-mismatch',
      `the worker speaks protocol ${protocol}, this page ${PROTOCOL}. Reload the page when convenient; nothing is lost.`,
      { value: protocol },
    );
  }
  if (name !== wanted) {
    throw new SluiceError(
      'config-invalid',
      `the config of the worker is named '${name}', connect() was told '${wanted}'. Give both the same name.`,
      { value: name },
    );
  }
}

/** The error of a wrong config, as the script of a worker threw it. Of a service worker the browser gives no message. */
function invalidConfig(message: string): SluiceError | undefined {
  const [, sentence] = /\[sluice\] config-invalid: ([^]*)/.exec(message) ?? [];
  return sentence === undefined ? undefined : new SluiceError('config-invalid', sentence);
}

function workerFailed(why: string, cause?: unknown): SluiceError {
  return new SluiceError('worker-failed', `the worker did not start: ${why} It is tried again.`, { cause });
}
