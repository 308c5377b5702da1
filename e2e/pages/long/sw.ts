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
  if (new URL(event.request.url).pathname === '/cached') event.respondWith(new Response('from the app'));
});
