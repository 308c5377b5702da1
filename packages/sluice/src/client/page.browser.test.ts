import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Sluice } from './sluice.js';
import { openPage, pageOf } from './page.js';
import { createSnapshots } from './snapshots.js';
import { createWorkerLink } from './worker-link.js';

// Neither a worker nor a service worker: what a page is by itself.
const open = async (): Promise<Sluice> => {
  const snapshots = createSnapshots();
  const never = (): Promise<never> => new Promise(() => undefined);
  const link = createWorkerLink({ start: never, due: never, tell: () => undefined });
  const page = await openPage({ name, link, snapshots, closing: new AbortController() });
  return pageOf(page, page.close);
};

let name: string;
let sluice: Sluice | undefined;

beforeEach(() => {
  name = `page-${crypto.randomUUID()}`;
});

afterEach(async () => {
  vi.restoreAllMocks();
  await sluice?.close();
});

const order = () => new Request('/orders', { method: 'POST', body: 'an order' });

test('what is asked of a closed connection rejects by code, and opens no storage', async () => {
  const closed = await open();
  await closed.close();
  const opening = vi.spyOn(IDBFactory.prototype, 'open');
  const asked = {
    counts: () => closed.counts(),
    metrics: () => closed.metrics(),
    list: () => closed.list({ queue: 'orders', state: 'waiting' }),
    get: () => closed.get('orders.1.n'),
    settled: () => closed.settled('orders.1.n'),
    pause: () => closed.pause(),
    resume: () => closed.resume(),
    nudge: () => closed.nudge(),
    setPolicy: () => closed.setPolicy('orders', null),
    cancel: () => closed.cancel('orders.1.n'),
    edit: () => closed.edit('orders.1.n', { body: '' }),
    hold: () => closed.hold('orders.1.n'),
    release: () => closed.release('orders.1.n'),
    redrive: () => closed.redrive('orders.1.n'),
    setContext: () => closed.setContext({}),
    identify: () => closed.identify('ann'),
    clear: () => closed.clear({ queue: 'orders' }),
    export: () => closed.export(),
    fetch: () => closed.fetch('/orders', { method: 'POST' }),
    enqueue: () => closed.enqueue(order()),
  };
  for (const [what, ask] of Object.entries(asked))
    await expect(ask(), what).rejects.toMatchObject({ code: 'closed' });
  expect(closed.snapshot()).toMatchObject({ mode: 'page-only', queues: {} });
  closed.subscribe(() => undefined)();
  closed.on('done', () => undefined)();
  expect(opening).not.toHaveBeenCalled();
});

test('where nobody takes requests, a fetch goes to the network, and an enqueue says so by code', async () => {
  sluice = await open();
  expect((await sluice.fetch(location.href)).status).toBe(200);
  await expect(sluice.enqueue(order())).rejects.toMatchObject({ code: 'no-answer' });
});

test('a browser that throws at the mere look at its service workers, or refuses to tell of them, stops nobody', async () => {
  const refused = new DOMException('The user denied permission to use Service Worker.', 'NotSupportedError');
  vi.spyOn(ServiceWorkerContainer.prototype, 'getRegistration').mockRejectedValue(refused);
  sluice = await open();
  expect(sluice.snapshot()).toMatchObject({ mode: 'page-only', wake: { kind: 'unsupported' } });
  await sluice.close();
  vi.spyOn(Navigator.prototype, 'serviceWorker', 'get').mockImplementation(() => {
    throw new DOMException('the context is sandboxed', 'SecurityError');
  });
  sluice = await open();
  expect(sluice.snapshot()).toMatchObject({ mode: 'page-only', wake: { kind: 'unsupported' } });
});
