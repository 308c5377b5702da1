import { SluiceError } from '../core/errors.js';
import { type HostLink, saysHello } from './host-link.js';
import { type Due, pauseAfter } from './presence.js';

/**
 * The line to the worker of a page. It ends and starts again as the page is frozen and thawed; a worker that did not start, or that
 * has ended by itself, is started again, too, as long as the page is there.
 */
export interface WorkerLink {
  /** Undefined while none runs. */
  readonly current: HostLink | undefined;
  /** What the ids of its engines begin with, or began with; '' before the first. */
  readonly engine: string;
  /** Resolves once a worker that is being started runs, or did not start. */
  readonly settled: Promise<void>;
  /** The worker, if it answers. One that does not is let go of. */
  alive(): Promise<HostLink | undefined>;
  /** What `host` answers. @throws SluiceError `no-answer` once it has ended: whether it has done what it was asked, nothing tells */
  answer<T>(host: HostLink, answer: Promise<T>): Promise<T>;
  /** Ends the worker in the middle of whatever it does. */
  suspend(): void;
  /** Starts it once `first` is over. Resolves as `settled` does. */
  resume(first: () => Promise<unknown>): Promise<void>;
}

export interface WorkerLinkOptions {
  /** @throws SluiceError */
  start: () => Promise<HostLink>;
  due: Due;
  /** Hears what is wrong from now on; undefined while a worker runs. */
  tell: (problem: SluiceError | undefined) => void;
}

/** How often a worker that nobody asks anything is asked whether it is there. */
const LOOK_MS = 30_000;

/** A worker that takes longer for an answer is asked whether it is there. */
const ANSWER_MS = 1000;

/** Another attempt would meet the same script. */
const FINAL: readonly string[] = ['protocol-mismatch', 'config-invalid'];

export function createWorkerLink({ start, due, tell }: WorkerLinkOptions): WorkerLink {
  let current: HostLink | undefined;
  let engine = '';
  let settled = Promise.resolve();
  let settle = (): void => undefined;
  /** A start that was asked for in an earlier life of the page is not wanted in the next. */
  let life = new AbortController();
  let pause = new AbortController();
  const unsettle = (): void => {
    settle();
    settled = new Promise((resolve) => (settle = resolve));
  };
  const letGo = (): void => {
    current?.close();
    current = undefined;
  };
  const ask = async (): Promise<HostLink | undefined> => {
    const asked = current;
    if (!asked || (await saysHello(asked)) || current !== asked) return current;
    letGo();
    unsettle();
    pause.abort();
    return undefined;
  };
  let asking: Promise<HostLink | undefined> | undefined;
  const alive = (): Promise<HostLink | undefined> => (asking ??= ask().finally(() => (asking = undefined)));
  const answer = async <T>(host: HostLink, asked: Promise<T>): Promise<T> => {
    const over = new AbortController();
    const ended = async (): Promise<never> => {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
        if (over.signal.aborted || (await alive()) !== host) throw noAnswer();
      }
    };
    return Promise.race([asked, ended()]).finally(() => over.abort());
  };
  const startIn = async ({ signal }: AbortController): Promise<SluiceError | undefined> => {
    const link = await start().catch((error: SluiceError) => error);
    if (!('close' in link)) return link;
    if (signal.aborted) {
      link.close();
      return undefined;
    }
    current = link;
    ({ engine } = link.hello);
    return undefined;
  };
  const live = async (own: AbortController): Promise<void> => {
    for (let failures = 0; ; ) {
      const problem = (await alive()) ? undefined : await startIn(own);
      if (own.signal.aborted) return;
      tell(problem);
      settle();
      if (problem && FINAL.includes(problem.code)) return;
      failures = problem ? failures + 1 : 0;
      pause = new AbortController();
      await due(problem ? pauseAfter(failures) : LOOK_MS, pause.signal);
      if (own.signal.aborted) return;
    }
  };
  const suspend = (): void => {
    life.abort();
    pause.abort();
    letGo();
    unsettle();
  };
  return {
    get current() {
      return current;
    },
    get engine() {
      return engine;
    },
    get settled() {
      return settled;
    },
    alive,
    answer,
    suspend,
    resume: async (first) => {
      life.abort();
      pause.abort();
      const own = (life = new AbortController());
      unsettle();
      const resumed = settled;
      await first();
      if (!own.signal.aborted) void live(own);
      await resumed;
    },
  };
}

function noAnswer(): SluiceError {
  return new SluiceError('no-answer', 'the worker ended before it had answered.');
}
