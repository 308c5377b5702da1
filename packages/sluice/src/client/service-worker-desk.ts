import { linkToServiceWorker } from './host-link.js';
import type { Desk } from './requests.js';

/**
 * For one question: a service worker that the browser stops takes its end of the line with it. Undefined where none answers: the
 * app's requests pass then.
 */
export async function deskOfServiceWorker(name: string): Promise<Desk | undefined> {
  const host = await linkToServiceWorker(name).catch(() => undefined);
  return (
    host && {
      enqueue: (requests, options) => host.remote.enqueue([...requests], options).finally(() => host.close()),
    }
  );
}
