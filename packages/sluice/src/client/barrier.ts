import { identityPath } from '../core/receipt.js';
import type { World } from '../drain/world.js';
import { serviceWorkers } from './container.js';
import { within } from './host-link.js';
import type { WorkerLink } from './worker-link.js';

/** A service worker that has to start takes its time; one that hangs must not keep anybody from signing out. */
const BARRIER_MS = 5000;

/**
 * Resolves once the service worker and the worker of this page have seen all that the page asked for before, and know anew
 * who is signed in. The service worker is asked by a `fetch`: no message is sure to come after the fetches before it.
 */
export async function passBarrier(
  { fetch }: Pick<World, 'fetch'>,
  { name, link }: { name: string; link: WorkerLink },
): Promise<void> {
  const passed = [
    Promise.resolve(serviceWorkers()?.controller && fetch(barrierOf(name), {})),
    Promise.resolve(link.current?.remote.refreshIdentity()),
  ];
  await within(BARRIER_MS, Promise.all<unknown>(passed), 'the service worker').catch(() => undefined);
}

/** Ours whatever a <base> element says, and in an `about:srcdoc` frame too, whose location has no origin. */
function barrierOf(name: string): Request {
  return new Request(new URL(identityPath(name), origin));
}
