import { linkToServiceWorker } from './host-link.js';
import type { Desk } from './requests.js';

/**
 * For one question: a service worker that the browser stops takes its end of the line with it. Undefined where none answers: the
 * app's requests pass then.
 */
export async function deskOfServiceWorker(name: string): Promise<Desk | undefined> {
  const host = await linkToServiceWorker(name).catch(() => undefined);
  if (!host) return undefined;
  const { remote, close } = host;
  return {
    fetch: (...asked) => remote.fetch(...asked).finally(close),
    enqueue: (...asked) => remote.enqueue(...asked).finally(close),
  };
}
