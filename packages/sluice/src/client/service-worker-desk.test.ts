import { once } from 'node:events';
import { expose } from 'comlink';
import { afterEach, expect, test, vi } from 'vitest';
import { PROTOCOL } from '../core/messages.js';
import { deskOfServiceWorker } from './service-worker-desk.js';

afterEach(() => vi.unstubAllGlobals());

/** Answers what closes with the line to the service worker. */
function controlledBy(protocol: number): Promise<unknown> {
  return new Promise((resolve) => {
    const postMessage = (_: unknown, [port]: [MessagePort]): void => {
      expose({ hello: () => ({ protocol, name: 'shop' }), enqueue: () => ['taken'] }, port);
      resolve(once(port as unknown as EventTarget, 'close'));
    };
    vi.stubGlobal('navigator', { serviceWorker: { controller: { postMessage } } });
  });
}

test('a service worker that answers takes one question, and its line is closed', async () => {
  const closed = controlledBy(PROTOCOL);
  const desk = await deskOfServiceWorker('shop');
  expect(await desk?.enqueue([], {}, 0)).toEqual(['taken']);
  await closed;
});

test('a service worker of another protocol is no desk, and its line is closed', async () => {
  const closed = controlledBy(PROTOCOL + 1);
  expect(await deskOfServiceWorker('shop')).toBeUndefined();
  await closed;
});
