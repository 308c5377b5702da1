import type { SluiceDefinition } from '../core/config.js';
import { SluiceError } from '../core/errors.js';
import { followControl } from './control.js';
import { startWorker } from './host-link.js';
import { beginPage, openPage } from './page.js';
import { whenActivated, whenDue } from './presence.js';
import type { ConnectOptions, Sluice } from './sluice.js';
import { createWorkerLink } from './worker-link.js';

/** The names of the queues that a config declares. */
export type QueuesOf<C> = C extends SluiceDefinition<infer Q> ? Q : string;

const connections = new Map<string, Promise<Sluice>>();

/**
 * Connects this page: registers the service worker, starts the worker, opens the queue. Resolves once the page is
 * controlled, or 3 s after the script has come, with `controlled: false`; one that does not come in 10 s is missing. Never
 * rejects for a reason of the environment: what is missing shows as `mode` and as `problem` in the snapshot for as long as it
 * is missing, and the app works on. A prerendered page waits until it is shown. A second call answers the first connection.
 *
 * @param script the URL of the short form's script, or the parts of the long form
 * @throws SluiceError `wrong-context` where there is no page: on a server, in a worker
 */
export function connect<C extends SluiceDefinition = SluiceDefinition>(
  script: Script | ConnectOptions,
  options: ShortOptions = {},
): Promise<Sluice<QueuesOf<C>>> {
  const resolved = resolve(script, options);
  const known = connections.get(resolved.name) ?? open(resolved, () => forget());
  /** A newer one of this name stays. */
  const forget = (): void => {
    if (connections.get(resolved.name) === known) connections.delete(resolved.name);
  };
  connections.set(resolved.name, known);
  known.catch(forget);
  return known;
}

type Script = Exclude<ConnectOptions['serviceWorker'], false>;

type ShortOptions = Pick<ConnectOptions, 'name' | 'scope' | 'type' | 'persist'>;

type Resolved = ConnectOptions & { name: string; type: 'module' | 'classic' };

function resolve(script: Script | ConnectOptions, options: ShortOptions): Resolved {
  // A script by Trusted Types is an object as well.
  const parts: ConnectOptions =
    typeof script === 'object' && 'serviceWorker' in script
      ? script
      : {
          serviceWorker: script,
          worker: () => new Worker(script as URL, { type: options.type ?? 'module' }),
          ...options,
        };
  return { ...parts, name: parts.name ?? 'sluice', type: parts.type ?? 'module' };
}

async function open(options: Resolved, onClose: () => void): Promise<Sluice> {
  if (typeof document === 'undefined')
    throw new SluiceError('wrong-context', 'connect() needs a page. Call it in an effect or onMount.');
  await whenActivated();
  // It comes while service worker and worker start.
  import('./controls.js').catch(() => undefined);
  const { name, worker } = options;
  const page = beginPage(name);
  const { snapshots, closing } = page;
  await followControl(options, { snapshots, due: whenDue, signal: closing.signal });
  // After control: a worker of an uncontrolled page stays uncontrolled in Chromium.
  const link = createWorkerLink({
    start: () => startWorker(worker, name),
    due: whenDue,
    tell: (problem) => snapshots.setProblem('worker', problem),
  });
  await link.resume(async () => undefined);
  return openPage({ ...options, ...page, link, onClose });
}
