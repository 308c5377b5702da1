import { type Accepted, type EngineLeft, PROTOCOL } from '../core/messages.js';
import type { World } from '../drain/world.js';
import { registration, serviceWorkers } from './container.js';
import type { LoadControls } from './load-controls.js';
import type { Snapshots } from './snapshots.js';
import type { WorkerLink } from './worker-link.js';

export interface LifecycleOptions {
  name: string;
  link: WorkerLink;
  world: Pick<World, 'database' | 'notify'>;
  snapshots: Snapshots;
  controls: LoadControls;
  persist?: boolean;
}

/** What the page's coming and going means for the queue. Answers a function that stops following it. */
export function followLifecycle(options: LifecycleOptions): () => void {
  const { name, link, world, persist } = options;
  const { notify } = world;
  const stop = new AbortController();
  const { signal } = stop;
  const stopAsking = persist === false ? () => undefined : askToPersist(notify, persist);

  // Should the page be gone for good, the service worker ends the leases, so that no job counts it as a crash.
  addEventListener(
    'pagehide',
    ({ persisted }) => {
      if (persisted) freeze(link, world);
      else link.current?.remote.suspend().catch(() => undefined);
      if (link.engine)
        tellServiceWorker({ sluice: 'engine-left', protocol: PROTOCOL, name, engine: link.engine });
    },
    { signal },
  );
  addEventListener(
    'pageshow',
    ({ persisted }) => {
      if (persisted) void thaw(options);
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
  return () => {
    stop.abort();
    stopAsking();
  };
}

/**
 * A page in the back/forward cache must hold nothing. WebKit freezes it, and its worker with it, in the middle of a
 * transaction, and with it every table that it has opened, and the lock, against all others.
 */
function freeze(link: WorkerLink, { database }: Pick<World, 'database'>): void {
  link.suspend();
  database.abandon();
}

/** The service worker may not have heard that the engine had left. */
async function thaw({ link, snapshots, controls }: LifecycleOptions): Promise<void> {
  const { engine } = link;
  await link.resume(() =>
    controls()
      .then(({ releaseLeases }) => releaseLeases(engine))
      .catch(() => undefined),
  );
  snapshots.refreshSoon();
}

export function tellServiceWorker(message: EngineLeft | Accepted): void {
  const controller = serviceWorkers()?.controller;
  if (controller) controller.postMessage(message);
  // It does not control a page that was reloaded past the cache, and serves the app all the same.
  else void registration().then((found) => found?.active?.postMessage(message));
}

/** Once there is something to lose, ask the browser not to evict it. A refusal is the user's good right. */
function askToPersist(notify: World['notify'], persist: true | undefined): () => void {
  const stopListening = notify.listen((events) => {
    if (!events.some(({ type }) => type === 'accepted')) return;
    stopListening();
    void (async () => {
      // WebKitGTK has no navigator.storage.
      if (persist || !(await wouldPrompt())) await navigator.storage?.persist?.();
    })().catch(() => undefined);
  });
  return stopListening;
}

/** Chromium decides by itself, though its state may be `prompt`; WebKit does, too, and knows no such permission. Firefox asks its user. */
async function wouldPrompt(): Promise<boolean> {
  if ('userAgentData' in navigator) return false;
  const name = 'persistent-storage' as PermissionName;
  const status = await navigator.permissions?.query({ name }).catch(() => undefined);
  return status?.state === 'prompt';
}
