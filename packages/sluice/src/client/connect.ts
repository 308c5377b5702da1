import type { SluiceDefinition } from '../core/config.js';
import { SluiceError } from '../core/errors.js';
import { followControl } from './control.js';
import { type Shared, share } from './handles.js';
import { startWorker } from './host-link.js';
import { beginPage, openPage } from './page.js';
import { whenActivated, whenDue } from './presence.js';
import type { ConnectOptions, Sluice } from './sluice.js';
import { createWorkerLink } from './worker-link.js';

/** The names of the queues that a config declares. */
export type QueuesOf<C> = C extends SluiceDefinition<infer Q> ? Q : string;

const connections = new Map<string, Shared>();

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
export function connect<C extends SluiceDefinition = SluiceDefinition>(
  script: Script | ConnectOptions,
  options: ShortOptions = {},
): Promise<Sluice<QueuesOf<C>>> {
  if (!isPlace(script)) return Promise.reject(wrongPlace(script));
  const resolved = resolve(script, options);
  return sharedOf(resolved).handle();
}

function isPlace(script: unknown): boolean {
  return script !== '' && (typeof script === 'string' || (typeof script === 'object' && script !== null));
}

function wrongPlace(script: unknown): SluiceError {
  const sentence =
    `connect: the script is ${String(script)}; allowed: ` +
    "the URL of the script, as in connect('/sluice.js'), or { serviceWorker, worker }.";
  return new SluiceError('config-invalid', sentence, { value: script });
}

function sharedOf(resolved: Resolved): Shared {
  const known = connections.get(resolved.name);
  if (known) return known;
  const shared = share(open(resolved), () => {
    // A newer one of this name stays.
    if (connections.get(resolved.name) === shared) connections.delete(resolved.name);
  });
  connections.set(resolved.name, shared);
  return shared;
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

async function open(options: Resolved): Promise<Sluice> {
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
  return openPage({ ...options, ...page, link });
}
