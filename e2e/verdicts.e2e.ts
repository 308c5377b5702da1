import { startOrigin } from '@sluice/origin';
import { burst, countsOf, drained, expect, test } from './fixtures.js';

test('a login page with 200 is no success: the queue probes, and delivers once the service answers', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: { queues: { orders: { functions: ['expect:json'], backoff: { baseMs: 100, maxMs: 100 } } } },
  });
  // A portal knows nothing of keys.
  origin.set({ dedupe: false });
  origin.set({ answer: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<h1>Log in</h1>' } });
  await burst(page, 1);
  await origin.waitFor(({ arrivals }) => arrivals.length >= 2);
  expect(await countsOf(page)).toMatchObject({ accepted: 1, done: 0, dead: {} });
  origin.set({ answer: { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{}' } });
  await page.evaluate(() => sluice.nudge());
  await drained(page);
  expect(await countsOf(page)).toMatchObject({ done: 1, dead: {} });
});

test('a queue makes of a status what it likes', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { verdicts: { 404: 'ack', '5xx': 'dead' } } } } });
  origin.set({ fault: { kind: 'status', status: 404, times: 1 } });
  const [gone = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), gone)).toMatchObject({
    kind: 'done',
    response: { status: 404 },
  });
  origin.set({ fault: { kind: 'status', status: 503 } });
  const [broken = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), broken)).toMatchObject({
    kind: 'dead',
    reason: 'rejected',
  });
});

test('where nothing may be repeated, an answer that was lost is a dead letter, and what was turned away is sent again', async ({
  origin,
  open,
}) => {
  const queue = { repeat: 'never' as const, timeoutMs: 500, backoff: { baseMs: 100, maxMs: 100 } };
  const page = await open({ settings: { queues: { orders: queue } } });
  origin.set({ fault: { kind: 'drop', times: 1 } });
  const [lost = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), lost)).toMatchObject({
    kind: 'dead',
    reason: 'unknown',
  });
  origin.set({ fault: { kind: 'status', status: 503, times: 1 } });
  const [refused = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), refused)).toMatchObject({ kind: 'done' });
  expect(origin.arrivals).toHaveLength(3);
});

test('a policy that one tab changes holds in all, and is told', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  const other = await open({ settings: { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } } });
  await burst(page, 3);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await other.evaluate(() => sluice.setPolicy('orders', { rate: { limit: 50, perMs: 1000, burst: 3 } }));
  await drained(page);
  await expect
    .poll(() => page.evaluate(() => sluice.snapshot().queues.orders?.patch))
    .toMatchObject({ rate: { limit: 50 } });
  const refused = await page.evaluate(() =>
    sluice.setPolicy('orders', { concurrency: 0 }).then(
      () => 'nothing',
      (error: Error) => error.message,
    ),
  );
  expect(refused).toMatch(/setPolicy\('orders'\), concurrency is 0; allowed: a whole number from 1/);
});

test('a full queue that lets requests through sends them to the network, at its rate', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: {
      queues: { orders: { maxJobs: 1, whenFull: 'network', rate: { limit: 4, perMs: 60_000, burst: 4 } } },
    },
  });
  const statuses = await page.evaluate(async () => {
    const post = { method: 'POST', body: 'x' };
    const { status } = await sluice.fetch('/api/orders', { ...post, job: { held: true } });
    const send = async () => (await fetch('/api/orders', post)).status;
    return [status, await send(), await send(), await send(), await send(), await send()];
  });
  expect([statuses[0], statuses[5]]).toEqual([202, 503]);
  // One that would leave too late for its instant is refused as well: on a slow machine, more than the last.
  const passed = statuses.filter((status) => status === 200);
  expect(passed.length).toBeGreaterThan(0);
  expect(origin.arrivals).toHaveLength(passed.length);
  expect(await countsOf(page)).toMatchObject({ accepted: 1, refused: 5, sends: 4 });
});

test('a write that is redirected to a page is not done but unknown, and its outcome says where it was led', async ({
  origin,
  open,
}) => {
  const page = await open();
  origin.set({ answer: { status: 302, headers: { Location: '/short/?login=yes' } } });
  const [ticket = ''] = await burst(page, 1);
  const outcome = await page.evaluate((ticket) => sluice.settled(ticket), ticket);
  expect(outcome).toMatchObject({
    kind: 'dead',
    reason: 'unknown',
    response: { status: 200, url: `${origin.url}/short/?login=yes`, redirected: true },
  });
  expect(origin.arrivals).toMatchObject([{ method: 'POST' }]);
});

test('a write that is redirected to the page of the sign-in waits for sign-in, and is done after it', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { signInUrl: '/short/*' } } } });
  origin.set({ answer: { status: 302, headers: { Location: '/short/?login=yes' } }, dedupe: false });
  const [ticket = ''] = await burst(page, 1);
  await expect
    .poll(() => page.evaluate(() => sluice.snapshot().queues.orders?.status))
    .toMatchObject({ kind: 'sign-in' });
  origin.set({ answer: undefined });
  await page.evaluate(() => sluice.nudge());
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({
    kind: 'done',
    response: { status: 200, url: `${origin.url}/api/orders`, redirected: false },
  });
});

test('a queue whose service answers a write by "see other" says so, and its writes are done', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { verdicts: { redirected: 'ack' } } } } });
  origin.set({ answer: { path: '/api/orders', status: 303, headers: { Location: '/api/orders/7' } } });
  const [ticket = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({
    kind: 'done',
    response: { status: 200, url: `${origin.url}/api/orders/7`, redirected: true },
  });
  expect(origin.arrivals).toMatchObject([{ method: 'POST' }, { method: 'GET' }]);
});

test('what a redirected write has made is done: a read answers no 201', async ({ origin, open }) => {
  const page = await open();
  origin.set({ answer: { path: '/api/orders', status: 308, headers: { Location: '/api/orders/' } } });
  origin.onArrival(({ url }) => {
    if (url === '/api/orders/') origin.set({ answer: { status: 201 } });
  });
  const [ticket = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
  expect(origin.arrivals).toMatchObject([{ method: 'POST' }, { method: 'POST', url: '/api/orders/' }]);
});

test('`expect` sees where an answer came from', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { functions: ['expect:no-login'] } } } });
  origin.set({ answer: { status: 302, headers: { Location: '/short/?login=yes' } } });
  await burst(page, 1);
  await expect
    .poll(() => page.evaluate(() => sluice.snapshot().queues.orders?.status))
    .toMatchObject({ kind: 'sign-in' });
});

test('CORS headers that are missing are named, each write is sent once meanwhile, and the word is taken back once they are there', async ({
  open,
}) => {
  const api = await startOrigin({ behaviour: { cors: false } });
  const url = `${api.url}/api/orders`;
  const queue = { match: { method: 'POST', url }, backoff: { baseMs: 10, maxMs: 20 } };
  const page = await open({ settings: { queues: { orders: queue } } });
  const problem = () => page.evaluate(() => sluice.snapshot().problem);
  await page.evaluate(() => {
    const told: string[] = [];
    sluice.on('blocked', ({ detail }) => void told.push(detail));
    Object.assign(globalThis, { told });
  });
  await burst(page, 3, url);
  await expect.poll(async () => (await countsOf(page))?.leased === 0 && api.arrivals.length).toBe(3);
  await expect.poll(problem).toMatchObject({
    code: 'cors-missing',
    message: expect.stringContaining(
      `Access-Control-Allow-Origin: ${new URL(await page.evaluate(() => location.href)).origin}`,
    ),
  });
  expect(await page.evaluate(() => (globalThis as unknown as { told: string[] }).told.length)).toBe(1);
  expect(api.arrivals).toHaveLength(3);
  api.set({ cors: true });
  await burst(page, 1, url);
  await expect.poll(problem).toBeUndefined();
  await api.close();
});

for (const mode of ['queue-first', 'network-first'] as const) {
  test(`${mode}: a redirect that the request forbids is no outage, and nothing is repeated`, async ({
    origin,
    open,
  }) => {
    const page = await open({ settings: { queues: { orders: { mode, respond: 'hold' } } } });
    origin.set({ answer: { status: 307, headers: { Location: '/api/other' } } });
    const name = await page.evaluate(() =>
      fetch('/api/orders', { method: 'POST', body: 'x', redirect: 'error' }).then(
        ({ status }) => String(status),
        (error: Error) => error.name,
      ),
    );
    expect(name).toBe('TypeError');
    expect(origin.arrivals).toMatchObject([{ method: 'POST', url: '/api/orders' }]);
  });
}
