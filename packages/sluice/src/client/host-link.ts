import { releaseProxy, type Remote, wrap } from 'comlink';
import { isSluiceError, SluiceError, sentenceOf } from '../core/errors.js';
import { type Hello, type Host, type HostRequest, PROTOCOL } from '../core/messages.js';
import { serviceWorkers } from './container.js';

/** The page's line to whoever enqueues for it: its worker, or else the service worker. */
export interface HostLink {
  readonly remote: Remote<Host>;
  readonly hello: Hello;
  close(): void;
}

/** The line to the worker of a page, which ends and starts again as the page is frozen and thawed. */
export interface WorkerLink {
  /** Undefined while none runs: the service worker enqueues then. */
  readonly current: HostLink | undefined;
  /** What the ids of its engines begin with, or began with. */
  readonly engine: string;
  /** Resolves once a worker that was ended runs again, or will not. */
  readonly resumed: Promise<void>;
  /** Ends the worker in the middle of whatever it does. */
  suspend(): void;
  /** Starts it once `first` is over. Answers why it does not run again, where it does not. */
  resume(first: () => Promise<unknown>): Promise<SluiceError | undefined>;
}

/** A worker that has not answered by then is not there: a proxy by itself would wait for ever. */
const HELLO_MS = 5000;

/** @throws SluiceError `worker-failed`, `protocol-mismatch` */
export async function linkToWorker(spawn: () => Worker, name: string): Promise<WorkerLink> {
  let current: HostLink | undefined = await spawnTwice(spawn, name);
  let { engine } = current.hello;
  let resumed = Promise.resolve();
  let release = (): void => undefined;
  /** Whoever starts in an earlier life of the page is not wanted in the next. */
  let life = 0;
  return {
    get current() {
      return current;
    },
    get engine() {
      return engine;
    },
    get resumed() {
      return resumed;
    },
    suspend: () => {
      life += 1;
      current?.close();
      current = undefined;
      release();
      resumed = new Promise((resolve) => (release = resolve));
    },
    resume: async (first) => {
      const own = ++life;
      await first();
      if (own !== life) return undefined;
      const link = await spawnTwice(spawn, name).catch((error: SluiceError) => error);
      if (own !== life) {
        if ('close' in link) link.close();
        return undefined;
      }
      if ('close' in link) {
        current?.close();
        current = link;
        ({ engine } = link.hello);
      }
      release();
      return 'close' in link ? undefined : link;
    },
  };
}

/** A worker that loads slowly gets one more chance. */
async function spawnTwice(spawn: () => Worker, name: string): Promise<HostLink> {
  try {
    return await spawnAndGreet(spawn, name);
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'protocol-mismatch') throw error;
    return spawnAndGreet(spawn, name).catch((cause: unknown) => {
      throw isSluiceError(cause) ? cause : workerFailed(sentenceOf(cause), cause);
    });
  }
}

async function spawnAndGreet(spawn: () => Worker, name: string): Promise<HostLink> {
  const worker = spawn();
  const remote = wrap<Host>(worker);
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', (event) =>
      reject(workerFailed(event.message || 'its script did not load')),
    );
  });
  const hello = within(HELLO_MS, Promise.race([remote.hello(), failed]), 'the worker');
  return greeted({ remote, hello, end: () => worker.terminate() }, name);
}

/** Undefined where none controls this page. @throws SluiceError `no-answer`, `protocol-mismatch` */
export async function linkToServiceWorker(name: string): Promise<HostLink | undefined> {
  const controller = serviceWorkers()?.controller;
  if (!controller) return undefined;
  const { port1, port2 } = new MessageChannel();
  controller.postMessage({ sluice: 'host', protocol: PROTOCOL, name } satisfies HostRequest, [port2]);
  const remote = wrap<Host>(port1);
  const hello = within(HELLO_MS, remote.hello(), 'the service worker');
  return greeted({ remote, hello, end: () => port1.close() }, name);
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

function workerFailed(why: string, cause?: unknown): SluiceError {
  return new SluiceError(
    'worker-failed',
    `the worker did not start: ${why}. The service worker drains per event.`,
    { cause },
  );
}
