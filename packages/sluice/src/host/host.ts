import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { Ticket } from '../core/job.js';
import { type Hello, type Host, PROTOCOL, type Reply, SCHEMA } from '../core/messages.js';
import { Watch } from '../drain/settled.js';
import type { Runtime } from '../drain/runtime.js';
import { releaseLeases } from '../store/lease-commands.js';
import { checkArguments } from './arguments.js';
import { createCommands } from './commands.js';
import { createHandOver } from './hand-over.js';
import { createNewsDesk } from './news-desk.js';
import { plainError } from './plain-error.js';
import { createUsers } from './users.js';

/** Where an engine runs that can be asked to let go. */
export interface Sleeper {
  /** At each hello; whether the page has a service worker. */
  begin(isControlled: boolean): void;
  /** `isLeft`: the service worker carries what is under way. */
  suspend(isLeft: boolean): Promise<void>;
}

/** Calls that must not be made twice, each for itself: to a job that has moved on they say something else. */
const ONCE = ['fetch', 'enqueue', 'cancel', 'withdraw', 'edit', 'hold', 'release', 'redrive', 'clear'];

/** Calls that wait for something. */
const LONG = ['news', 'answer', 'identify', 'forget', 'whenReturned', 'export', 'clear'];

type Calls = Record<string, (...args: never[]) => Promise<unknown>>;

/** What pages may ask of a worker or a service worker. */
export function createHost(runtime: Runtime, sleeper: Sleeper): Host {
  const { definition, matcher, database, notify, clock } = runtime;
  const watch = new Watch(runtime);
  const { stopPassing, ...handOver } = createHandOver(runtime, watch);
  const { withdraw, ...commands } = createCommands(runtime);
  const released = (engine: string): Promise<SluiceEvent[]> =>
    releaseLeases(database, { engine, now: clock.now() }).then(
      ({ events }) => events,
      () => [],
    );
  const calls: Calls = {
    /** `left`: the engine of an earlier life of the page, whose leases end now. */
    hello: async (
      name: string,
      protocol: number,
      left?: string,
      isControlled: boolean = false,
    ): Promise<Hello> => {
      if (left) notify.tell(await released(left));
      if (name !== definition.name) throw misnamed(definition.name, name);
      sleeper.begin(isControlled);
      const problem = protocol === PROTOCOL ? {} : { problem: plainError(mismatch(protocol)) };
      return { schema: SCHEMA, name, engine: runtime.id, once: ONCE, long: LONG, ...problem };
    },
    ...handOver,
    ...commands,
    ...createUsers(runtime),
    /** The page wants no answer any more. */
    withdraw: async (ticket: Ticket) => stopPassing(ticket) || withdraw(ticket),
    ping: async () => true,
    news: createNewsDesk(runtime, watch),
    /** The queue that would take a request to this URL by some method; for the development warning alone. */
    queueOf: async (url: string) => {
      const queues = METHODS.map((method) => matcher({ method, url, mode: 'cors', destination: '' }));
      return queues.find((queue) => queue !== undefined);
    },
    /** The page goes to sleep or away: let go of the lock, take no more. */
    suspend: (isLeft = false) => sleeper.suspend(isLeft),
  };
  return {
    call: async (name, ...args): Promise<Reply> => {
      try {
        const run = Object.hasOwn(calls, name) ? calls[name] : undefined;
        if (!run)
          throw new SluiceError('protocol-mismatch', `the worker knows no '${name}'. Reload the page.`);
        checkArguments(name, args);
        return { value: await run(...(args as never[])) };
      } catch (error) {
        return { error: plainError(error) };
      }
    },
  };
}

function mismatch(page: number): SluiceError {
  const sentence = `the worker speaks protocol ${PROTOCOL}, this page ${page}. Reload the page when convenient; nothing is lost.`;
  return new SluiceError('protocol-mismatch', sentence, { value: PROTOCOL });
}

function misnamed(name: string, asked: string): SluiceError {
  const sentence = `the config of the worker is named '${name}', connect() was told '${asked}'. Give both the same name.`;
  return new SluiceError('config-invalid', sentence, { value: name });
}

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'HEAD'];
