import { type EngineLeft, PROTOCOL } from '../core/messages.js';
import type { Notify } from '../core/ports.js';
import type { HostLink } from './host-link.js';
import type { Snapshots } from './snapshots.js';

export interface LifecycleOptions {
  name: string;
  link: HostLink | undefined;
  notify: Notify;
  snapshots: Snapshots;
}

/** What the page's coming and going means for the queue. Answers a function that stops following it. */
export function followLifecycle({ name, link, notify, snapshots }: LifecycleOptions): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const stopAsking = askToPersist(notify);

  // The worker lets go of the lock, or the page could not enter the back/forward cache; should the page be gone for
  // good before that is done, the service worker ends the leases, so that no job counts it as a crash.
  addEventListener(
    'pagehide',
    () => {
      link?.remote.suspend().catch(() => undefined);
      if (link) tellLeft(name, link.hello.engine);
    },
    { signal },
  );
  addEventListener(
    'pageshow',
    ({ persisted }) => {
      if (persisted) link?.remote.resume().catch(() => undefined);
      if (persisted) snapshots.refreshSoon();
    },
    { signal },
  );
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') notify.tell([{ type: 'nudged', queue: undefined }]);
    },
    { signal },
  );
  navigator.serviceWorker?.addEventListener(
    'controllerchange',
    () => {
      snapshots.setPage({ controlled: navigator.serviceWorker.controller !== null });
    },
    { signal },
  );
  return () => {
    stop.abort();
    stopAsking();
  };
}

function tellLeft(name: string, engine: string): void {
  const message: EngineLeft = { sluice: 'engine-left', protocol: PROTOCOL, name, engine };
  navigator.serviceWorker?.controller?.postMessage(message);
}

/** Once there is something to lose, ask the browser not to evict it. A refusal is the user's good right. */
function askToPersist(notify: Notify): () => void {
  const stopListening = notify.listen((events) => {
    if (!events.some(({ type }) => type === 'accepted')) return;
    stopListening();
    // WebKitGTK has no navigator.storage.
    void navigator.storage?.persist?.().catch(() => false);
  });
  return stopListening;
}
