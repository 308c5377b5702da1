import type { SluiceDefinition } from '../core/config.js';
import { isSluiceError, SluiceError, sentenceOf } from '../core/errors.js';
import { linkToWorker, type WorkerLink, within } from './host-link.js';
import { openPage } from './page.js';
import { register, requireServiceWorkers, whenControlled } from './registration.js';
import type { ConnectOptions, Mode, Sluice } from './sluice.js';

/** The names of the queues that a config declares. */
export type QueuesOf<C> = C extends SluiceDefinition<infer Q> ? Q : string;

const CONTROLLED_MS = 3000;

/** A network that takes the request and never answers holds nobody up for longer. What comes after all may still take control. */
const REGISTERED_MS = 10_000;

const connections = new Map<string, Promise<Sluice>>();

/**
 * Connects this page: registers the service worker, starts the worker, opens the queue. Resolves once the page is
 * controlled, or 3 s after the script has come, with `controlled: false`; one that does not come in 10 s is missing. Never
 * rejects for a reason of the environment: what is missing shows as `mode` and as `problem` in the snapshot, and the app
 * works on. A second call answers the first connection.
 *
 * @param script the URL of the short form's script, or the parts of the long form
 * @throws SluiceError `wrong-context` where there is no page: on a server, in a worker
 */
export function connect<C extends SluiceDefinition = SluiceDefinition>(
  script: string | URL | ConnectOptions,
  options: Pick<ConnectOptions, 'name' | 'scope' | 'type'> = {},
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

type Resolved = ConnectOptions & { name: string; type: 'module' | 'classic' };

function resolve(
  script: string | URL | ConnectOptions,
  options: Pick<ConnectOptions, 'name' | 'scope' | 'type'>,
): Resolved {
  const isShort = typeof script === 'string' || script instanceof URL;
  const parts: ConnectOptions = isShort
    ? {
        serviceWorker: script,
        worker: () => new Worker(script, { type: options.type ?? 'module' }),
        ...options,
      }
    : script;
  return { ...parts, name: parts.name ?? 'sluice', type: parts.type ?? 'module' };
}

async function open(options: Resolved, onClose: () => void): Promise<Sluice> {
  if (typeof document === 'undefined')
    throw new SluiceError('wrong-context', 'connect() needs a page. Call it in an effect or onMount.');
  const { name, worker } = options;
  // It comes while service worker and worker start.
  import('./controls.js').catch(() => undefined);
  const problems: SluiceError[] = [];
  const report = (error: unknown): undefined => {
    const problem = asProblem(error);
    console.warn(problem.message);
    problems.push(problem);
  };
  const mode = await takeControl(options).catch((error: unknown): Mode => {
    report(error);
    return 'page-only';
  });
  // After control: a worker of an uncontrolled page stays uncontrolled in Chromium.
  const link: WorkerLink | undefined = await linkToWorker(worker, name).catch(report);
  return openPage({ name, mode, link, problem: problems[0], onClose });
}

async function takeControl(options: Resolved): Promise<Mode> {
  const container = requireServiceWorkers();
  const { serviceWorker, type, scope } = options;
  if (serviceWorker !== false) {
    const registering = register(container, { script: serviceWorker, type, scope });
    await within(REGISTERED_MS, registering, 'the script of the service worker');
  }
  await whenControlled(container, CONTROLLED_MS);
  return 'service-worker';
}

function asProblem(error: unknown): SluiceError {
  return isSluiceError(error) ? error : new SluiceError('script-failed', sentenceOf(error), { cause: error });
}
