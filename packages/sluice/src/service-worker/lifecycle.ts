import { policiesOf } from '../core/config.js';
import { PROTOCOL, SCHEMA } from '../core/messages.js';
import type { Runtime } from '../drain/runtime.js';
import { readMeta } from '../store/meta.js';
import { writePolicies } from '../store/policies.js';
import { addStaticRoutes, staticRoutes } from './static-routes.js';

declare const self: ServiceWorkerGlobalScope;

export type Lifecycle = 'host' | 'own';

/** Writes the policies at activation: the active service worker owns them. */
export function listenToLifecycle(runtime: Runtime, lifecycle: Lifecycle): void {
  if (lifecycle === 'own') {
    self.addEventListener('install', (event) => {
      event.waitUntil(skipIfAlike(runtime));
      event.waitUntil(addStaticRoutes(event, staticRoutes(runtime.definition, runtime.base)));
    });
  }
  self.addEventListener('activate', (event) => {
    event.waitUntil(activate(runtime, lifecycle));
  });
}

async function activate(runtime: Runtime, lifecycle: Lifecycle): Promise<void> {
  // Begun before the first page is ours: whatever that one sends finds its queue.
  const writing = writeOwnPolicies(runtime);
  if (lifecycle === 'own') await self.clients.claim();
  await writing;
}

async function writeOwnPolicies({ database, definition, notify }: Runtime): Promise<void> {
  try {
    await writePolicies(database, policiesOf(definition), { overwrite: true });
    notify.tell(definition.queues.map(({ name }) => ({ type: 'nudged', queue: name })));
  } catch {
    // Storage that fails must not keep the app from its service worker; the next enqueue tells.
  }
}

/** A page of the version before and this service worker speak the same language only if both numbers are the same. */
async function skipIfAlike({ database }: Runtime): Promise<void> {
  const versions = await readMeta(database, 'versions').catch(() => undefined);
  if (versions?.protocol === PROTOCOL && versions.schema === SCHEMA) await self.skipWaiting();
}
