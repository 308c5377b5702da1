import Bottleneck from 'bottleneck/light.js';
import PQueue from 'p-queue';
import pThrottle from 'p-throttle';
import type { Peers } from '../../src/peers.js';
import { openRaw, putAll, read } from '../raw.js';

/** `/peer/?NAME`: a page under the service worker of that name, or under none. */
const name = location.search.slice(1);
if (name !== 'none') {
  await navigator.serviceWorker.register(`/peer/${name}.js`, { scope: `/peer/?${name}`, type: 'module' });
  await controlled();
}

const peers: Peers = {
  Bottleneck,
  PQueue,
  pThrottle,
  openRaw,
  putAll,
  read,
  askServiceWorker,
  startStoring: (rows) =>
    new Worker(new URL('../workers/storing.ts', import.meta.url), { type: 'module', name: rows }),
};
Object.assign(globalThis, { peers });

async function controlled(): Promise<void> {
  if (navigator.serviceWorker.controller) return;
  await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
}

function askServiceWorker(message: object): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  navigator.serviceWorker.controller?.postMessage(message, [port2]);
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data as number);
  });
}
