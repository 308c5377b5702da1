import { type Accepted, type EngineLeft, PROTOCOL } from '../core/messages.js';
import { serviceWorker, serviceWorkers } from './container.js';
import type { Feed } from './feed.js';
import type { WorkerLink } from './worker-link.js';

export interface LifecycleOptions {
  name: string;
  link: WorkerLink;
  feed: Feed;
  persist?: boolean;
  signal: AbortSignal;
}

/** What the page's coming and going means for the queue. */
export function followLifecycle({ name, link, feed, persist, signal }: LifecycleOptions): void {
  addEventListener(
    'pagehide',
    ({ persisted }) => {
      // A page in the back/forward cache must hold nothing. WebKit freezes its worker in the middle of a transaction, and with it
      // every table that it has opened, and the lock, against all others.
      if (persisted) link.suspend();
      else link.current?.ask('suspend', Boolean(serviceWorkers()?.controller)).catch(() => undefined);
      // Should the page be gone for good, the service worker carries what is under way, and all other leases end now.
      if (link.engine)
        tellServiceWorker({ sluice: 'engine-left', protocol: PROTOCOL, name, engine: link.engine });
    },
    { signal },
  );
  addEventListener(
    'pageshow',
    ({ persisted }) => {
      if (persisted) void link.resume().then(feed.renew);
    },
    { signal },
  );
  document.addEventListener('visibilitychange', feed.renew, { signal });
  if (persist === false) return;
  // Once there is something to lose, the browser is asked not to evict it. A refusal is the user's good right. Firefox alone asks
  // its user. WebKitGTK has no navigator.storage.
  const stop = feed.on('accepted', () => {
    stop();
    if (persist || !/Firefox/.test(navigator.userAgent))
      navigator.storage?.persist?.().catch(() => undefined);
  });
}

export function tellServiceWorker(message: EngineLeft | Accepted): void {
  const controller = serviceWorkers()?.controller;
  // At once, where that can be: the page may be gone in a moment.
  if (controller) controller.postMessage(message);
  else void serviceWorker().then((found) => found?.postMessage(message));
}
