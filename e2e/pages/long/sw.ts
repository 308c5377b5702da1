// First import, first call: of several listeners the first that answers wins.
import { installSluice } from 'sluice/service-worker';
import config from './config.js';

declare const self: ServiceWorkerGlobalScope;

installSluice(config, {
  onEvent: (event) => {
    if (event.type === 'done') void fetch(`/api/told?ticket=${event.ticket}`);
  },
});

// The app's own part of its service worker.
self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (new URL(request.url).pathname === '/cached') event.respondWith(new Response('from the app'));
  // The page and its scripts, offline; the script of the worker is not among them.
  else if (request.method === 'GET') event.respondWith(fromCacheOr(request));
});

async function fromCacheOr(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}
