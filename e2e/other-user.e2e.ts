import { drained, expect, type Origin, type Page, test } from './fixtures.js';
import { killServiceWorker } from './process/chromium.js';

/** As an app does: the word before the cookie goes, and after it has come. */
async function signIn(page: Page, user: string): Promise<void> {
  await page.evaluate(async (user) => {
    await sluice.identify(null);
    document.cookie = `user=${user}; path=/`;
    await sluice.identify(user);
  }, user);
}

function submit(page: Page, body: string): Promise<string> {
  return page.evaluate(async (body) => {
    const response = await fetch('/api/orders', { method: 'POST', body });
    return response.headers.get('Sluice-Ticket') ?? 'none';
  }, body);
}

const sentAs = (origin: Origin) => origin.arrivals.map(({ body, headers }) => `${body} by ${headers.cookie}`);

// Firefox keeps the connection of an aborted fetch open: that the service sees it go is asked of Chromium alone.

const left = (page: Page) => page.evaluate(() => sluice.snapshot().queues.orders?.depth);

test('what one user queued offline is not sent under the next, and is sent when its user is back', async ({
  origin,
  open,
}) => {
  const page = await open();
  await origin.down();
  await signIn(page, 'ann');
  const ticket = await submit(page, 'ann 1');
  await submit(page, 'ann 2');
  await signIn(page, 'bob');
  await submit(page, 'bob 1');
  await origin.up();
  await page.evaluate(() => sluice.nudge());
  await expect.poll(() => sentAs(origin)).toEqual(['bob 1 by user=bob']);
  await expect.poll(() => left(page)).toBe(0);
  expect(await page.evaluate((ticket) => sluice.get(ticket), ticket)).toBeUndefined();
  const status = await page.evaluate(
    async (ticket) => (await fetch(`/sluice-jobs/${ticket}`)).status,
    ticket,
  );
  expect(status).toBe(404);
  await signIn(page, 'ann');
  await drained(page);
  expect(sentAs(origin).slice(1).toSorted()).toEqual(['ann 1 by user=ann', 'ann 2 by user=ann']);
});

test('a request on its way as its user signs out is still theirs, though the service worker has to start first', async ({
  origin,
  open,
  browserName,
}) => {
  const page = await open();
  await signIn(page, 'ann');
  if (browserName === 'chromium') await killServiceWorker(page.context(), page);
  const ticket = await page.evaluate(async () => {
    const late = fetch('/api/orders', { method: 'POST', body: 'ann 1' });
    await sluice.identify(null);
    document.cookie = 'user=bob; path=/';
    await sluice.identify('bob');
    return (await late).headers.get('Sluice-Ticket') ?? 'none';
  });
  await submit(page, 'bob 1');
  await expect.poll(() => left(page)).toBe(0);
  await signIn(page, 'ann');
  expect(await page.evaluate((ticket) => sluice.get(ticket), ticket)).toMatchObject({ ticket });
  await drained(page);
  const other = sentAs(origin).filter((send) => send.startsWith('ann') !== send.endsWith('user=ann'));
  expect(other).toEqual([]);
});

test('a first try that is under way at a sign-out follows no redirect with the cookies of the next user', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { mode: 'network-first' } } } });
  await signIn(page, 'ann');
  origin.set({
    fault: { kind: 'hold' },
    answer: { status: 307, headers: { location: '/api/orders/moved' } },
  });
  await page.evaluate(() => void fetch('/api/orders', { method: 'POST', body: 'ann 1' }));
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await signIn(page, 'bob');
  // The redirect leaves now, while the cookies are those of bob.
  origin.set({ fault: undefined });
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome !== 'waiting');
  origin.set({ answer: undefined });
  await submit(page, 'bob 1');
  await signIn(page, 'ann');
  await drained(page);
  const other = sentAs(origin).filter((send) => send.startsWith('ann') !== send.endsWith('user=ann'));
  expect(other).toEqual([]);
});

test('what is in flight at a sign-out is aborted, in whichever tab it is', async ({
  origin,
  open,
  browserName,
}) => {
  const leader = await open();
  const other = await open();
  await signIn(leader, 'ann');
  origin.set({ baseLatencyMs: 60_000 });
  await submit(other, 'ann 1');
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await other.evaluate(() => sluice.identify(null));
  if (browserName === 'chromium') await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome !== 'waiting');
  expect(await other.evaluate(async () => (await sluice.counts()).orders)).toMatchObject({
    leased: 0,
    waiting: 1,
  });
});

test('after a user is cleared no record of them can be read, and no job of theirs is ever sent', async ({
  origin,
  open,
  browserName,
}) => {
  const page = await open();
  await signIn(page, 'ann');
  await submit(page, 'canary of one done');
  await drained(page);
  origin.set({ baseLatencyMs: 60_000 });
  const headers = { Authorization: 'Bearer canary' };
  await page.evaluate(
    (headers) => fetch('/api/orders?canary', { method: 'POST', body: 'canary in flight', headers }),
    headers,
  );
  await origin.waitFor(({ arrivals }) => arrivals.length === 2);
  await page.evaluate(() => sluice.setContext({ token: 'canary' }));
  await page.evaluate(() => sluice.clear({ identity: 'ann' }));
  if (browserName === 'chromium') await origin.waitFor(({ arrivals }) => arrivals[1]?.outcome !== 'waiting');
  origin.set({ baseLatencyMs: 0 });
  const rows = await page.evaluate(everything);
  expect(rows).not.toContain('canary');
  expect(rows).not.toContain('ann');
  await signIn(page, 'ann');
  await submit(page, 'ann anew');
  await drained(page);
  expect(sentAs(origin).slice(2)).toEqual(['ann anew by user=ann']);
});

test('where a <base> points to another origin, a page speaks to its own service worker all the same', async ({
  open,
  origin,
}) => {
  const page = await open();
  const { wake } = await page.evaluate(() => sluice.snapshot());
  const seen = await page.evaluate(
    async ({ port }) => {
      const { connect, script } = globalThis as unknown as {
        connect: (script: string) => Promise<typeof sluice>;
        script: string;
      };
      const absolute = new URL(script, location.href).href;
      await sluice.close();
      document.head.append(
        Object.assign(document.createElement('base'), { href: `http://localhost:${port}/` }),
      );
      const urls: string[] = [];
      const { fetch } = globalThis;
      globalThis.fetch = (input, init) => {
        urls.push((input as Request).url);
        return fetch(input, init);
      };
      const fresh = await connect(absolute);
      await fresh.identify('ann');
      return { urls, wake: fresh.snapshot().wake };
    },
    { port: origin.port },
  );
  expect(new Set(seen.urls)).toEqual(new Set([`${origin.url}/sluice-jobs/~sluice`]));
  expect(seen.wake).toEqual(wake);
});

/** Every row of the database as text, bytes included. */
async function everything(): Promise<string> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('it did not read'));
    });
  const textOf = (_key: string, value: unknown): unknown =>
    value instanceof ArrayBuffer ? new TextDecoder().decode(value) : value;
  const db = await done(indexedDB.open('sluice'));
  const rows = await Promise.all(
    [...db.objectStoreNames].map((name) => done(db.transaction(name).objectStore(name).getAll())),
  );
  db.close();
  return JSON.stringify(rows, textOf);
}
