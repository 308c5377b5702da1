import type { SluiceConfig, SluiceDefinition } from '../core/config.js';
import { requireScope } from '../core/context.js';
import type { SluiceEvent } from '../core/events.js';
import { definitionFrom } from '../core/define.js';
import { isolated } from '../core/isolated.js';
import { isOurs } from '../core/messages.js';
import { createRuntime, type Runtime } from '../drain/runtime.js';
import { Watch } from '../drain/settled.js';
import { exposeHost } from '../host/expose.js';
import { createHost, type Sleeper } from '../host/host.js';
import { createBrokenPace } from './broken-pace.js';
import { Carrier } from './carrier.js';
import { intercept } from './intercept.js';
import { KeyTurns } from './key-turns.js';
import { listenToLifecycle, type Lifecycle } from './lifecycle.js';
import { createPolicyCheck } from './own-policies.js';
import { SameTries } from './same-tries.js';
import { takeOver } from './take-over.js';
import { createWake } from './wake.js';
import { createWakeUp, type WakeUp } from './wake-up.js';

declare const self: ServiceWorkerGlobalScope;

export interface InstallOptions {
  /**
   * `host` (default): the service worker belongs to the app; never `skipWaiting`, never `claim`. `own`: it is ours alone;
   * it claims at the first install, and later skips waiting only if protocol and schema are unchanged.
   */
  lifecycle?: Lifecycle;
  /**
   * Told of all that happens, with no page open as well: the place for a notification or a badge. What it waits for longer
   * than the drain itself may be cut off by the browser.
   */
  onEvent?: (event: SluiceEvent) => void;
}

/**
 * Makes this service worker intercept, store and answer what the config names. Call it first: of several `fetch`
 * listeners the first to answer wins, and nobody tells the others.
 *
 * @throws SluiceError `config-invalid`, `wrong-context`
 */
export function installSluice<const Q extends string>(
  config: SluiceConfig<Q> | SluiceDefinition<Q>,
  { lifecycle = 'host', onEvent }: InstallOptions = {},
): void {
  requireScope('installSluice()', 'service-worker', globalThis);
  const runtime = createRuntime(definitionFrom(config));
  const carrier = new Carrier(runtime);
  const wakeUp = checkingPolicies(
    runtime,
    createWakeUp(runtime, createWake, () => carrier.takeSeat()),
  );
  listenToLifecycle(runtime, lifecycle);
  listenToPages(runtime, { wakeUp, carrier });
  if (onEvent) {
    const tell = isolated(onEvent);
    runtime.notify.listen((events) => events.forEach((event) => tell(event)));
  }
  if (runtime.definition.enabled) listenToFetches(runtime, { wakeUp, carrier });
}

/** Pages tell none but the active service worker, and only that one stores what it intercepts. */
function checkingPolicies(runtime: Runtime, { onAccepted }: WakeUp): WakeUp {
  const check = createPolicyCheck(runtime);
  return {
    onAccepted: (event) => {
      check(event);
      onAccepted(event);
    },
  };
}

interface Parts {
  wakeUp: WakeUp;
  carrier: Carrier;
}

function listenToFetches(runtime: Runtime, { wakeUp, carrier }: Parts): void {
  const answering = {
    runtime,
    brokenPace: createBrokenPace(runtime.definition, runtime.clock),
    watch: new Watch(runtime),
    turns: new KeyTurns(),
    same: new SameTries(),
    onAccepted: wakeUp.onAccepted,
  };
  self.addEventListener('fetch', (event) => intercept(event, answering, carrier));
}

/** A page whose worker does not run asks here. */
function listenToPages(runtime: Runtime, parts: Parts): void {
  const host = createHost(runtime, NO_SEAT);
  self.addEventListener('message', (event) => {
    const { data } = event;
    if (!isOurs(data, runtime.definition.name)) return;
    if (data.sluice === 'host' && event.ports[0]) exposeHost(host, event.ports[0]);
    if (data.sluice === 'accepted') parts.wakeUp.onAccepted(event);
    if (data.sluice === 'engine-left')
      event.waitUntil(takeOver(event, data.engine, { ...runtime, ...parts }));
  });
}

/** The engine of a service worker lives within single events: there is nothing to put to sleep. */
const NO_SEAT: Sleeper = { begin: () => undefined, suspend: async () => undefined };
