import { startOrigin } from '@sluice/origin';
import { burst, connected, DIST, expect, test } from './fixtures.js';

test('the status of a job tells how it stands and nothing that it holds, and only to who asks with GET', async ({
  open,
  origin,
}) => {
  const page = await open();
  await page.evaluate(() => sluice.pause());
  const ticket = await page.evaluate(async () => {
    const headers = { Authorization: 'Bearer canary', 'X-Note': 'canary' };
    const response = await fetch('/api/orders', { method: 'POST', headers, body: 'canary' });
    return response.headers.get('Sluice-Ticket') ?? 'none';
  });
  const told = await page.evaluate(async (ticket) => (await fetch(`/sluice-jobs/${ticket}`)).text(), ticket);
  expect(JSON.parse(told)).toMatchObject({ ticket, state: 'waiting' });
  expect(told).not.toContain('canary');
  const statuses = await page.evaluate(
    (ticket) =>
      Promise.all(
        ['DELETE', 'POST', 'PUT'].map(
          async (method) => (await fetch(`/sluice-jobs/${ticket}`, { method })).status,
        ),
      ),
    ticket,
  );
  // Not ours to answer: the server's static files know no such path or method.
  expect(statuses.every((status) => status === 404 || status === 405)).toBe(true);
  await page.evaluate(() => sluice.resume());
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
});

test('what is broadcast tells nothing of a request, nor of its answer', async ({ open, origin }) => {
  const page = await open({ settings: { queues: { orders: { maxAttempts: 1 } } } });
  await page.evaluate(() => {
    const heard: unknown[] = [];
    const channel = new BroadcastChannel('sluice');
    channel.addEventListener('message', ({ data }) => heard.push(data));
    Object.assign(globalThis, { heard });
  });
  for (const status of [200, 422]) {
    origin.set({ answer: { status, headers: { 'X-Note': 'canary' }, body: 'canary' } });
    await page.evaluate(async () => {
      const headers = { Authorization: 'Bearer canary', 'X-Note': 'canary' };
      const response = await fetch('/api/orders?canary', { method: 'POST', headers, body: 'canary' });
      await sluice.settled(response.headers.get('Sluice-Ticket') ?? '');
    });
  }
  const heard = () =>
    page.evaluate(() => JSON.stringify((globalThis as unknown as { heard: unknown }).heard));
  await expect.poll(heard).toMatch(/"accepted".*"done".*"dead"/);
  expect(await heard()).not.toContain('canary');
});

test('a page of another origin reads no status, and queues nothing', async ({ open, origin, context }) => {
  const page = await open();
  await page.evaluate(() => sluice.pause());
  const [ticket] = await burst(page, 1);
  const stranger = await context.newPage();
  await stranger.goto(`http://localhost:${origin.port}/nested/sluice.js`);
  const status = await stranger.evaluate(
    ({ url }) =>
      fetch(url).then(
        ({ status }) => status,
        () => 'refused by the browser',
      ),
    { url: `${origin.url}/sluice-jobs/${ticket}` },
  );
  expect(status).toBe('refused by the browser');
  await stranger.evaluate(({ url }) => fetch(url, { method: 'POST', mode: 'no-cors', body: 'forged' }), {
    url: `${origin.url}/api/orders`,
  });
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  expect(await page.evaluate(async () => (await sluice.counts()).orders)).toMatchObject({
    accepted: 1,
    waiting: 1,
  });
});

const STRICT = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src data:";

test('it works under a policy that allows scripts and connections of its own origin alone', async ({
  page,
}) => {
  const origin = await startOrigin({
    staticDirs: [DIST],
    headers: () => ({ 'Content-Security-Policy': STRICT }),
  });
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  expect(await page.evaluate(() => sluice.mode)).toBe('service-worker');
  await burst(page, 3);
  await origin.waitFor(({ arrivals }) => arrivals.length === 3);
  await origin.close();
});

const NO_CONNECTION = { 'Content-Security-Policy': "connect-src 'none'" };

test('a script whose own policy allows no connection sends nothing and loses nothing', async ({ page }) => {
  let isForbidden = true;
  const origin = await startOrigin({
    staticDirs: [DIST],
    headers: (path): Record<string, string> =>
      isForbidden && path.startsWith('/sluice.js') ? NO_CONNECTION : {},
  });
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  const failed = page.evaluate(
    () => new Promise<string>((resolve) => sluice.on('nacked', ({ detail }) => resolve(detail))),
  );
  await burst(page, 1);
  expect(await failed).toContain('TypeError');
  expect(origin.arrivals).toEqual([]);
  isForbidden = false;
  await page.goto(`${origin.url}/short/`);
  await connected(page);
  await page.evaluate(() => sluice.nudge());
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  await origin.close();
});
