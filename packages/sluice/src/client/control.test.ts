import { expose } from 'comlink';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ControlOptions, followControl } from './control.js';
import { createSnapshots, type Snapshots } from './snapshots.js';

const ORIGIN = 'https://app.test';

/** A service worker that answers as Sluice of this name, if it has one. */
function serviceWorker(path: string, name?: string): ServiceWorker {
  const postMessage = (message: { name: string }, [port]: [MessagePort]): void => {
    if (message.name === name) expose({ call: () => ({ value: { name, once: [], long: [] } }) }, port);
  };
  return { scriptURL: ORIGIN + path, postMessage } as unknown as ServiceWorker;
}

class Container extends EventTarget {
  controller: ServiceWorker | null = null;
  /** What the next registrations come to, in their order; those after them succeed. */
  outcomes: (() => Promise<unknown>)[] = [];
  scope = `${ORIGIN}/`;
  isThere = true;

  register = vi.fn(async () => {
    await this.outcomes.shift()?.();
    return { scope: this.scope };
  });

  getRegistration = async (): Promise<unknown> => (this.isThere ? {} : undefined);

  take(controller: ServiceWorker | null): void {
    this.controller = controller;
    this.dispatchEvent(new Event('controllerchange'));
  }
}

let container: Container;
let snapshots: Snapshots;
let closing: AbortController;
let pauses: number[];

beforeEach(() => {
  container = new Container();
  closing = new AbortController();
  pauses = [];
  snapshots = createSnapshots();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(console, 'warn').mockReturnValue(undefined);
  vi.stubGlobal('navigator', { serviceWorker: container });
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('origin', ORIGIN);
  vi.stubGlobal('location', new URL(`${ORIGIN}/cart/`));
  vi.stubGlobal('ServiceWorkerRegistration', { prototype: {} });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
});

afterEach(() => {
  closing.abort();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function follow(options: Partial<ControlOptions> = {}): Promise<void> {
  const due = async (ms: number): Promise<void> => {
    pauses.push(ms);
    await new Promise((resolve) => setTimeout(resolve, ms));
  };
  return followControl(
    { name: 'shop', serviceWorker: '/sluice.js', type: 'module', ...options },
    { snapshots, due, signal: closing.signal },
  );
}

const now = () => {
  const { mode, controlled, problem } = snapshots.current;
  return { mode, controlled, code: problem?.code };
};

const CONTROLLED = { mode: 'service-worker', controlled: true, code: undefined };

test('a page is controlled once its service worker has answered', async () => {
  container.controller = serviceWorker('/sluice.js', 'shop');
  await follow();
  expect(now()).toEqual(CONTROLLED);
});

test('a foreign service worker at the scope is named, also while ours is registered over and over', async () => {
  container.controller = serviceWorker('/pwa.js');
  const followed = follow();
  await vi.advanceTimersByTimeAsync(5000);
  await followed;
  expect(now()).toEqual({ mode: 'page-only', controlled: false, code: 'foreign-controller' });
  expect(snapshots.current.problem?.message).toContain('/pwa.js');
  container.take(serviceWorker('/sluice.js', 'shop'));
  await expect.poll(now).toEqual(CONTROLLED);
});

test('a foreign service worker that takes the page over later switches `controlled` off at once, and is named', async () => {
  container.controller = serviceWorker('/sluice.js', 'shop');
  await follow();
  container.take(serviceWorker('/mock.js'));
  expect(now()).toMatchObject({ controlled: false });
  await vi.advanceTimersByTimeAsync(5000);
  expect(now()).toEqual({ mode: 'page-only', controlled: false, code: 'foreign-controller' });
});

test('a Sluice of another name is foreign', async () => {
  container.controller = serviceWorker('/sluice.js', 'another');
  const followed = follow();
  await vi.advanceTimersByTimeAsync(5000);
  await followed;
  expect(now()).toMatchObject({ controlled: false, code: 'foreign-controller' });
});

test('a service worker that takes long to answer is asked again, and counts from then on', async () => {
  let isSlow = true;
  const ours = serviceWorker('/sluice.js', 'shop');
  const postMessage = (...message: Parameters<typeof ours.postMessage>): void => {
    if (!isSlow) ours.postMessage(...message);
  };
  container.controller = { scriptURL: ours.scriptURL, postMessage } as unknown as ServiceWorker;
  const followed = follow();
  await vi.advanceTimersByTimeAsync(5000);
  await followed;
  expect(now()).toMatchObject({ code: 'foreign-controller' });
  isSlow = false;
  await vi.advanceTimersByTimeAsync(1000);
  await expect.poll(now).toEqual(CONTROLLED);
});

test('an update of our own script is controlled all the while', async () => {
  container.controller = serviceWorker('/sluice.js', 'shop');
  await follow();
  const seen: boolean[] = [];
  snapshots.subscribe(() => seen.push(snapshots.current.controlled));
  container.take(serviceWorker('/sluice.js', 'shop'));
  await expect.poll(now).toEqual(CONTROLLED);
  expect(seen).not.toContain(false);
});

test('a script that is not there is asked for again at growing intervals, and the problem ends as it comes', async () => {
  const missing = async (): Promise<never> => Promise.reject(new TypeError('404'));
  container.outcomes = [missing, missing];
  await follow();
  expect(now()).toEqual({ mode: 'page-only', controlled: false, code: 'script-missing' });
  await vi.advanceTimersByTimeAsync(3000);
  expect(container.register).toHaveBeenCalledTimes(3);
  expect(pauses).toEqual([1000, 2000]);
  expect(now()).toEqual({ mode: 'service-worker', controlled: false, code: undefined });
  container.take(serviceWorker('/sluice.js', 'shop'));
  await expect.poll(now).toEqual(CONTROLLED);
});

test('a script that comes late is a problem until it has come', async () => {
  let come = (): void => undefined;
  container.outcomes = [() => new Promise<void>((resolve) => (come = resolve))];
  const followed = follow();
  await vi.advanceTimersByTimeAsync(10_000);
  await followed;
  expect(now()).toEqual({ mode: 'page-only', controlled: false, code: 'no-answer' });
  come();
  await vi.advanceTimersByTimeAsync(0);
  expect(now()).toEqual({ mode: 'service-worker', controlled: false, code: undefined });
  expect(container.register).toHaveBeenCalledTimes(1);
});

test('a page outside the scope of its script is told so at once, and asks no more', async () => {
  container.scope = `${ORIGIN}/shop/`;
  await follow();
  expect(now()).toEqual({ mode: 'page-only', controlled: false, code: 'script-scope' });
  expect(pauses).toEqual([]);
});

test('a page that was reloaded past the cache waits three seconds, and has a service worker all the same', async () => {
  const followed = follow();
  await vi.advanceTimersByTimeAsync(3000);
  await followed;
  expect(now()).toEqual({ mode: 'service-worker', controlled: false, code: undefined });
});

test('where another part of the app registers it, the mode says whether it has', async () => {
  container.isThere = false;
  const followed = follow({ serviceWorker: false });
  await vi.advanceTimersByTimeAsync(3000);
  await followed;
  expect(now()).toEqual({ mode: 'page-only', controlled: false, code: undefined });
  container.take(serviceWorker('/sw.js', 'shop'));
  await expect.poll(now).toEqual(CONTROLLED);
});
