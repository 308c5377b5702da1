import { PROTOCOL, SCHEMA } from '../core/messages.js';
import type { Runtime } from '../drain/runtime.js';
import { readMeta } from '../store/meta.js';
import { writeOwnPolicies } from './own-policies.js';
import { addStaticRoutes, staticRoutes } from './static-routes.js';

declare const self: ServiceWorkerGlobalScope;

export type Lifecycle = 'host' | 'own';

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

/** A page of the version before and this service worker speak the same language only if both numbers are the same. */
async function skipIfAlike({ database }: Runtime): Promise<void> {
  const versions = await readMeta(database, 'versions').catch(() => undefined);
  if (versions?.protocol === PROTOCOL && versions.schema === SCHEMA) await self.skipWaiting();
}
