import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { ROOT } from './run.mjs';

/**
 * `npm run page-cost`: what a library adds to the script of a page, and to its worker and service worker. Each is a real Vite build of
 * the README's app with that library used as its own README says, less the same app with plain `fetch`. kB, minified and gzipped.
 */
const PEERS = {
  'workbox-window': '7.4.1',
  'workbox-background-sync': '7.4.1',
  'workbox-routing': '7.4.1',
  'workbox-strategies': '7.4.1',
  serwist: '9.5.13',
  '@serwist/window': '9.5.13',
  '@tanstack/db': '0.15.2',
  '@tanstack/offline-transactions': '1.0.53',
  '@tanstack/query-core': '5.108.4',
  '@tanstack/query-persist-client-core': '5.104.5',
  '@tanstack/query-async-storage-persister': '5.104.5',
  dexie: '4.4.7',
  replicache: '15.3.0',
};

const ORDER = `fetch('/api/orders', { method: 'POST', body: 'an order' })`;

/** The scripts of the page; of the worker and service worker where the library has one. */
const APPS = {
  'no library': { page: `console.log((await ${ORDER}).status);` },
  Sluice: {
    page: `
      import { readTicket } from 'sluice';
      import { connect } from 'sluice/client';
      const sluice = await connect('/sluice.js');
      const ticket = readTicket(await ${ORDER});
      console.log(ticket && (await sluice.settled(ticket)));`,
    background: `
      import { runSluice } from 'sluice/auto';
      export default runSluice({ queues: { orders: { match: { method: 'POST', url: '/api/orders' } } } });`,
  },
  'Workbox, a route with BackgroundSyncPlugin': {
    page: `
      import { Workbox } from 'workbox-window';
      await new Workbox('/sw.js').register();
      console.log((await ${ORDER}).status);`,
    background: `
      import { BackgroundSyncPlugin } from 'workbox-background-sync';
      import { registerRoute } from 'workbox-routing';
      import { NetworkOnly } from 'workbox-strategies';
      const plugins = [new BackgroundSyncPlugin('orders', { maxRetentionTime: 1440 })];
      registerRoute('/api/orders', new NetworkOnly({ plugins }), 'POST');`,
  },
  'Serwist, the same': {
    page: `
      import { Serwist } from '@serwist/window';
      await new Serwist('/sw.js').register();
      console.log((await ${ORDER}).status);`,
    background: `
      import { BackgroundSyncPlugin, NetworkOnly, Serwist } from 'serwist';
      const plugins = [new BackgroundSyncPlugin('orders', { maxRetentionTime: 1440 })];
      const serwist = new Serwist({ runtimeCaching: [
        { matcher: '/api/orders', method: 'POST', handler: new NetworkOnly({ plugins }) }] });
      serwist.addEventListeners();`,
  },
  'TanStack offline-transactions, with TanStack DB': {
    page: `
      import { createCollection, localOnlyCollectionOptions } from '@tanstack/db';
      import { startOfflineExecutor } from '@tanstack/offline-transactions';
      const orders = createCollection(localOnlyCollectionOptions({ getKey: ({ id }) => id }));
      const offline = startOfflineExecutor({
        collections: { orders },
        mutationFns: { send: async ({ transaction }) => fetch('/api/orders', { method: 'POST', body: transaction.id }) },
      });
      const transaction = offline.createOfflineTransaction({ mutationFnName: 'send' });
      transaction.mutate(() => orders.insert({ id: 1 }));`,
  },
  'TanStack query with its persister': {
    page: `
      import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister';
      import { MutationObserver, QueryClient } from '@tanstack/query-core';
      import { persistQueryClient } from '@tanstack/query-persist-client-core';
      const queryClient = new QueryClient();
      queryClient.setMutationDefaults(['send'], { mutationFn: () => ${ORDER} });
      persistQueryClient({ queryClient, persister: createAsyncStoragePersister({ storage: localStorage }) });
      await queryClient.resumePausedMutations();
      await new MutationObserver(queryClient, { mutationKey: ['send'] }).mutate();`,
  },
  'Dexie, a table alone': {
    page: `
      import { Dexie } from 'dexie';
      const db = new Dexie('orders');
      db.version(1).stores({ orders: '++id' });
      await db.table('orders').add({ body: 'an order' });
      console.log((await ${ORDER}).status);`,
  },
  Replicache: {
    page: `
      import { Replicache } from 'replicache';
      const orders = new Replicache({
        name: 'user', pushURL: '/api/push', pullURL: '/api/pull',
        mutators: { order: (tx, { id }) => tx.set(id, 'an order') },
      });
      await orders.mutate.order({ id: '1' });`,
  },
};

const dir = join(tmpdir(), 'sluice-page-cost');
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });
writeFileSync(
  join(dir, 'package.json'),
  JSON.stringify({ private: true, type: 'module', dependencies: PEERS }),
);
execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent'], { cwd: dir, stdio: 'inherit' });

/** Bytes of all scripts of a build, gzipped one by one as a server does it. */
async function sizeOf(name, source, { isPage }) {
  const root = join(dir, name.replaceAll(/\W+/g, '-') + (isPage ? '' : '-background'));
  mkdirSync(root);
  writeFileSync(join(root, 'app.js'), source);
  writeFileSync(join(root, 'index.html'), '<script type="module" src="./app.js"></script>');
  const input = join(root, isPage ? 'index.html' : 'app.js');
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: {
      alias: ['client', 'auto', ''].map((part) => ({
        find: new RegExp(`^sluice${part === '' ? '' : `/${part}`}$`),
        replacement: join(ROOT, 'packages/sluice/dist', part, 'index.js'),
      })),
    },
    build: {
      outDir: join(root, 'out'),
      target: 'esnext',
      modulePreload: { polyfill: false },
      rolldownOptions: { input },
    },
  });
  const files = readdirSync(join(root, 'out'), { recursive: true, encoding: 'utf8' });
  const scripts = files
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(root, 'out', file)));
  return scripts.reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0);
}

const rows = {};
let own = 0;
for (const [name, { page, background }] of Object.entries(APPS)) {
  const size = await sizeOf(name, page, { isPage: true });
  if (name === 'no library') own = size;
  const behind = background ? await sizeOf(name, background, { isPage: false }) : 0;
  rows[name] = {
    'page, kB': ((size - own) / 1000).toFixed(1),
    'worker and service worker, kB': background ? (behind / 1000).toFixed(1) : '',
  };
}
console.table(rows);
rmSync(dir, { recursive: true, force: true });
