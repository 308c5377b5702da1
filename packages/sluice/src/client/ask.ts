import type { SluiceError } from '../core/errors.js';
import { fault } from './advice.js';
import { type Line, within } from './line.js';
import type { WorkerLink } from './worker-link.js';
import type { PageClock } from './world.js';

/** Asks the host of this page: its worker, or where none runs the service worker. @throws SluiceError */
export type Ask = (call: string, ...args: unknown[]) => Promise<unknown>;

/** Transactions for thousands of requests may take that long on a slow disk. */
const ANSWER_MS = 30_000;

/** A host that takes longer for an answer is asked whether it is there. */
const LOOK_MS = 1000;

/** News may be long in coming. */
const NEWS_LOOK_MS = 10_000;

/** There is no host: neither a worker nor a service worker that this page can talk to. */
export function isNobody({ code, value }: Partial<SluiceError>): boolean {
  return code === 'no-answer' && !value;
}

export interface AskOptions {
  clock: PageClock;
  /** A line to the service worker of this page, if it has one. */
  toServiceWorker: () => Promise<Line | undefined>;
  link: WorkerLink;
  closing: AbortSignal;
}

export function createAsk({ clock, toServiceWorker, link, closing }: AskOptions): Ask {
  const ask = async (isRepeated: boolean, call: string, args: unknown[]): Promise<unknown> => {
    closing.throwIfAborted();
    let line = link.current;
    if (isRepeated || line?.hello.once.includes(call)) line = await link.alive();
    // One that the browser stops takes its end of the line with it: each call has a line of its own.
    line ??= await toServiceWorker().catch(() => undefined);
    if (!line) await link.settled;
    line ??= link.current;
    closing.throwIfAborted();
    if (!line) throw fault('no-answer', 'there is no worker to ask');
    const { once, long } = line.hello;
    let callOff = (): void => undefined;
    const look = (): void => {
      callOff = clock.at(clock.now() + (call === 'news' ? NEWS_LOOK_MS : LOOK_MS), () => {
        void line.check();
        look();
      });
    };
    look();
    try {
      const answer = line.ask(call, ...args);
      return await (long.includes(call) ? answer : within(clock, ANSWER_MS, answer));
    } catch (error) {
      closing.throwIfAborted();
      if ((error as SluiceError).code !== 'host-gone' || isRepeated || once.includes(call)) throw error;
      return ask(true, call, args);
    } finally {
      callOff();
      if (line !== link.current) line.close();
    }
  };
  return (call, ...args) => ask(false, call, args);
}
