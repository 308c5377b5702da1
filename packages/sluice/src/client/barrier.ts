import { identityPath } from '../core/receipt.js';
import type { World } from '../drain/world.js';
import { type WorkerLink, within } from './host-link.js';

/** A service worker that has to start takes its time; one that hangs must not keep anybody from signing out. */
const BARRIER_MS = 5000;

/**
 * Resolves once the service worker and the worker of this page have seen all that the page asked for before, and know anew
 * who is signed in. The service worker is asked by a `fetch`: no message is sure to come after the fetches before it.
 */
export async function passBarrier(
  { base, fetch }: Pick<World, 'base' | 'fetch'>,
  {
    name,
    link,
    isIntercepting,
  }: { name: string; link: WorkerLink | undefined; isIntercepting: () => boolean },
): Promise<void> {
  const passed = [
    Promise.resolve(isIntercepting() && fetch(new Request(new URL(identityPath(name), base)), {})),
    Promise.resolve(link?.current?.remote.refreshIdentity()),
  ];
  await within(BARRIER_MS, Promise.all<unknown>(passed), 'the service worker').catch(() => undefined);
}
