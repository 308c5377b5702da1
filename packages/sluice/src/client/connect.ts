import type { SluiceDefinition } from '../core/config.js';
import { fault } from './advice.js';
import { followControl } from './control.js';
import { openPage, type Page, pageOf } from './page.js';
import { whenActivated, whenDue } from './presence.js';
import type { ConnectOptions, Sluice } from './sluice.js';
import { createSnapshots } from './snapshots.js';
import { startWorker } from './spawn.js';
import { createWorkerLink } from './worker-link.js';

/** The names of the queues that a config declares. */
export type QueuesOf<C> = C extends SluiceDefinition<infer Q> ? Q : string;

interface Connection {
  page: Promise<Page>;
  handles: number;
}

const connections = new Map<string, Connection>();

/**
 * Connects this page: registers the service worker, starts the worker, opens the queue. Resolves once the page is
 * controlled, or 3 s after the script has come, with `controlled: false`; one that does not come in 10 s is missing. Never
 * rejects for a reason of the environment: what is missing shows as `mode` and as `problem` in the snapshot for as long as it
 * is missing, and the app works on. A prerendered page waits until it is shown. Each call of a name
 * answers a handle of its own on one connection, which the last `close` ends.
 *
 * @param script the URL of the short form's script, or the parts of the long form
 * @throws SluiceError `wrong-context` where there is no page: on a server, in a worker; `config-invalid`
 */
export async function connect<C extends SluiceDefinition = SluiceDefinition>(
  script: Script | ConnectOptions,
  options: ShortOptions = {},
): Promise<Sluice<QueuesOf<C>>> {
  if (!script || !/string|object/.test(typeof script))
    throw fault(
      'config-invalid',
      `connect: the script is ${typeof script}; allowed: its URL, or { serviceWorker, worker }`,
      script,
    );
  const { type = 'module' } = options;
  const parts: ConnectOptions =
    // A script by Trusted Types is an object as well.
    typeof script === 'object' && 'serviceWorker' in script
      ? script
      : { serviceWorker: script, worker: () => new Worker(script as URL, { type }), ...options };
  const { name = 'sluice' } = parts;
  const connection = connections.get(name) ?? { page: open({ type, ...parts, name }), handles: 0 };
  connections.set(name, connection);
  // A newer one of this name stays.
  const forget = (): unknown => connections.get(name) === connection && connections.delete(name);
  connection.handles += 1;
  connection.page.catch(forget);
  const page = await connection.page;
  return pageOf(page, () => {
    connection.handles -= 1;
    if (connection.handles > 0) return undefined;
    forget();
    return page.close();
  });
}

type Script = Exclude<ConnectOptions['serviceWorker'], false>;

type ShortOptions = Pick<ConnectOptions, 'name' | 'scope' | 'type' | 'persist'>;

async function open(options: ConnectOptions & { name: string; type: 'module' | 'classic' }): Promise<Page> {
  if (typeof document === 'undefined') throw fault('wrong-context', 'there is no page');
  await whenActivated();
  const { name, worker } = options;
  const snapshots = createSnapshots();
  const closing = new AbortController();
  await followControl(options, { snapshots, due: whenDue, signal: closing.signal });
  // After control: a worker of an uncontrolled page stays uncontrolled in Chromium.
  const link = createWorkerLink({
    start: (starting) => startWorker(worker, name, starting),
    due: whenDue,
    tell: (problem) => snapshots.setProblem('worker', problem),
  });
  await link.resume();
  return openPage({ ...options, snapshots, closing, link });
}
