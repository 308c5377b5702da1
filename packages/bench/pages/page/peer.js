import Bottleneck from 'bottleneck/light.js';
import PQueue from 'p-queue';
import pThrottle from 'p-throttle';
import { Queue } from 'workbox-background-sync';
import { openRaw, putAll, read } from '../raw.js';
/** `/peer/?NAME`: a page under the service worker of that name, or under none. */
const name = location.search.slice(1);
if (name !== 'none') {
  await navigator.serviceWorker.register(`/peer/${name}.js`, { scope: `/peer/?${name}`, type: 'module' });
  await controlled();
}
const peers = {
  Bottleneck,
  PQueue,
  pThrottle,
  openRaw,
  putAll,
  read,
  workbox: new Queue('of-the-page', { onSync: async () => undefined }),
};
Object.assign(globalThis, { peers });
async function controlled() {
  if (navigator.serviceWorker.controller) return;
  await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
}
