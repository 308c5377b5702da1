import type { SluiceError } from '../core/errors.js';
import { errorOf, type Line } from './line.js';
import { type Due, pauseAfter } from './presence.js';

/**
 * The line to the worker of a page. It ends and starts again as the page is frozen and thawed; a worker that did not start, or that
 * has ended by itself, is started again, too, as long as the page is there.
 */
export interface WorkerLink {
  /** Undefined while none runs. */
  current: Line | undefined;
  /** What the ids of its engines begin with, or began with; '' before the first. */
  engine: string;
  /** Resolves once a worker that is being started runs, or did not start. */
  settled: Promise<void>;
  /** The worker, if it answers. One that does not is let go of. */
  alive(): Promise<Line | undefined>;
  /** Ends the worker in the middle of whatever it does. */
  suspend(): void;
  /** Starts it. Resolves as `settled` does. */
  resume(): Promise<void>;
}

export interface Starting {
  /** The engine of an earlier life of the page, whose leases end first. */
  left: string;
  /** Called as the line is closed. */
  ended: () => void;
  /** Ends the worker at once, also while it starts: a page that is frozen runs nothing that could. */
  signal: AbortSignal;
}

export interface WorkerLinkOptions {
  start: (starting: Starting) => Promise<Line>;
  due: Due;
  /** Hears what is wrong from now on; undefined while a worker runs. */
  tell: (problem: Error | undefined) => void;
}

/** How often a worker that nothing is asked of is asked whether it is there. */
const LOOK_MS = 30_000;

export function createWorkerLink({ start, due, tell }: WorkerLinkOptions): WorkerLink {
  let settle = (): void => undefined;
  /** A start that was asked for in an earlier life of the page is not wanted in the next. */
  let life = new AbortController();
  let pause = life;
  let failures = 0;
  const letGo = (): void => {
    link.current = undefined;
    settle();
    link.settled = new Promise((resolve) => (settle = resolve));
    pause.abort();
  };
  const begin = async (signal: AbortSignal, left: string): Promise<Error | undefined> => {
    let line: Line | undefined;
    try {
      signal.throwIfAborted();
      const ended = (): unknown => link.current && link.current === line && letGo();
      line = await start({ left, ended, signal });
      if (signal.aborted) {
        line.close();
        return undefined;
      }
      link.current = line;
      const { engine, problem } = line.hello;
      link.engine = engine;
      return problem && errorOf(problem);
    } catch (error) {
      return error as Error;
    }
  };
  const live = async (signal: AbortSignal): Promise<void> => {
    for (let left = link.engine; !signal.aborted; ) {
      const problem = (await link.alive()) ? undefined : await begin(signal, left);
      if (signal.aborted) return;
      if (link.current) left = '';
      tell(problem);
      settle();
      // Another attempt would meet the same script.
      if (problem && (link.current || (problem as SluiceError).code === 'config-invalid')) return;
      failures = problem ? failures + 1 : 0;
      pause = new AbortController();
      await due(problem ? pauseAfter(failures) : LOOK_MS, pause.signal);
    }
  };
  const link: WorkerLink = {
    current: undefined,
    engine: '',
    settled: Promise.resolve(),
    alive: async () => {
      await link.current?.check();
      return link.current;
    },
    suspend: () => {
      life.abort();
      link.current?.close();
      letGo();
    },
    resume: () => {
      link.suspend();
      life = new AbortController();
      void live(life.signal);
      return link.settled;
    },
  };
  return link;
}
