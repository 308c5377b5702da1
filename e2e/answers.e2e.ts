import type { Page } from '@playwright/test';
import { countsOf, drained, expect, test } from './fixtures.js';

interface Told {
  status: number;
  ticket: string | null;
  applied: string | null;
  body: string;
}

/** One plain POST, as an app sends it, and what the page sees of its answer. */
function post(page: Page, headers: Record<string, string> = {}): Promise<Told> {
  return page.evaluate(async (headers) => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'an order', headers });
    return {
      status: response.status,
      ticket: response.headers.get('Sluice-Ticket'),
      applied: response.headers.get('Preference-Applied'),
      body: await response.text(),
    };
  }, headers);
}

const MODES = ['queue-first', 'network-first'] as const;

for (const mode of MODES) {
  test(`${mode}: a receipt where the service is gone, and delivery once it is back`, async ({
    origin,
    open,
  }) => {
    const page = await open({
      settings: { queues: { orders: { mode, backoff: { baseMs: 200, maxMs: 200 } } } },
    });
    origin.set({ fault: { kind: 'reset' } });
    const told = await post(page);
    expect(told).toMatchObject({ status: 202, ticket: expect.stringMatching(/^orders\./) });
    expect(JSON.parse(told.body)).toMatchObject({ ticket: told.ticket, queue: 'orders', depth: 1 });
    origin.set({ fault: undefined });
    await page.evaluate(() => sluice.nudge());
    await drained(page);
    const keys = new Set(origin.arrivals.map(({ idempotencyKey }) => idempotencyKey));
    expect(keys.size).toBe(1);
  });

  test(`${mode}, held: the page gets the answer of the service itself`, async ({ origin, open }) => {
    const page = await open({ settings: { queues: { orders: { mode, respond: 'hold' } } } });
    origin.set({ answer: { status: 201, headers: { 'X-Own': 'yes' }, body: 'made' } });
    expect(await post(page)).toEqual({ status: 201, ticket: null, applied: null, body: 'made' });
    origin.set({ answer: { status: 422, body: 'not so' } });
    expect(await post(page)).toMatchObject({ status: 422, body: 'not so' });
  });

  test(`${mode}, held: after a failure that passes, too`, async ({ origin, open }) => {
    const queue = { mode, respond: 'hold' as const, backoff: { baseMs: 100, maxMs: 100 } };
    const page = await open({ settings: { queues: { orders: queue } } });
    origin.set({
      fault: { kind: 'status', status: 500, times: 1 },
      answer: { status: 200, body: 'at last' },
    });
    expect(await post(page)).toMatchObject({ status: 200, body: 'at last' });
    const [first, second] = origin.arrivals;
    expect(second?.idempotencyKey).toBe(first?.idempotencyKey);
    expect(await countsOf(page)).toMatchObject({ accepted: 1, done: 1 });
  });
}

test('network-first with a slot and nothing ahead goes straight to the service, and is charged', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: { queues: { orders: { mode: 'network-first', rate: { limit: 1, perMs: 60_000 } } } },
  });
  expect(await post(page)).toMatchObject({ status: 200, ticket: null });
  expect(await countsOf(page)).toMatchObject({ accepted: 0, sends: 1 });
  expect(await post(page)).toMatchObject({ status: 202 });
  expect(origin.arrivals).toHaveLength(1);
});

test('network-first never overtakes what waits of its ordering key; another key goes on', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: { queues: { orders: { mode: 'network-first', functions: ['orderingKey:json.key'] } } },
  });
  const send = (key: string) =>
    page.evaluate(
      async (key) => (await fetch('/api/orders', { method: 'POST', body: JSON.stringify({ key }) })).status,
      key,
    );
  await page.evaluate(() => sluice.pause());
  expect(await send('a')).toBe(202);
  origin.set({ fault: { kind: 'hold', match: ({ n }) => n === 1 } });
  await page.evaluate(() => sluice.resume());
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  expect(await send('a')).toBe(202);
  expect(await send('b')).toBe(200);
  origin.set({ fault: undefined });
  await drained(page);
  const keys = origin.arrivals.map(({ body }) => (JSON.parse(body) as { key: string }).key);
  expect(keys).toEqual(['a', 'b', 'a']);
});

test('a network-first try that takes too long is stopped, stored and tried again under the same key', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: {
      queues: {
        orders: { mode: 'network-first', firstTryMs: 300, backoff: { baseMs: 100, maxMs: 100 } },
      },
    },
  });
  origin.set({ fault: { kind: 'drop', times: 1 } });
  expect(await post(page)).toMatchObject({ status: 202 });
  await drained(page);
  const [first, second] = origin.arrivals;
  expect(second).toMatchObject({ idempotencyKey: first?.idempotencyKey, outcome: 'duplicate' });
});

test('a 429 to a network-first try freezes the queue for all', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { mode: 'network-first' } } } });
  origin.set({ fault: { kind: 'status', status: 429, retryAfter: '30', times: 1 } });
  expect(await post(page)).toMatchObject({ status: 202 });
  await expect
    .poll(() => page.evaluate(() => sluice.snapshot().queues.orders?.status))
    .toMatchObject({ kind: 'frozen' });
  expect(await post(page)).toMatchObject({ status: 202 });
  expect(origin.arrivals).toHaveLength(1);
});

test('a held answer that does not come in time is the receipt', async ({ origin, open }) => {
  const page = await open({ settings: { queues: { orders: { respond: 'hold', holdMs: 500 } } } });
  origin.set({ fault: { kind: 'hold' } });
  expect(await post(page)).toMatchObject({ status: 202, ticket: expect.stringMatching(/^orders\./) });
  origin.set({ fault: undefined });
  await drained(page);
});

for (const way of ['fetch', 'sluice.fetch'] as const) {
  test(`a held ${way} rejects where the service never answers, as plain fetch does, or says why where the queue asks for it`, async ({
    origin,
    open,
  }) => {
    const lost = { respond: 'hold', repeat: 'never' } as const;
    const page = await open({
      settings: {
        queues: {
          asked: { ...lost, whenUndelivered: 'answer', match: { method: 'PUT', url: '/api/orders' } },
          orders: lost,
        },
      },
    });
    origin.set({ fault: { kind: 'reset' } });
    const ask = (method: string) =>
      page.evaluate(
        async ({ method, way }) => {
          const send = way === 'fetch' ? fetch : sluice.fetch;
          try {
            const response = await send('/api/orders', { method, body: 'x' });
            const { code } = (await response.json()) as { code: string };
            return { status: response.status, code, ticket: response.headers.get('Sluice-Ticket') };
          } catch (error) {
            return (error as Error).name;
          }
        },
        { method, way },
      );
    expect(await ask('POST')).toBe('TypeError');
    expect(await ask('PUT')).toEqual({
      status: 503,
      code: 'dead-unknown',
      ticket: expect.stringMatching(/^asked\./),
    });
  });
}

test('a held write that is redirected to a page is not answered by that page', async ({ origin, open }) => {
  const page = await open({
    settings: { queues: { orders: { respond: 'hold', whenUndelivered: 'answer' } } },
  });
  origin.set({ answer: { status: 302, headers: { Location: '/short/?login=yes' } } });
  const told = await post(page);
  expect(told).toMatchObject({ status: 503, ticket: expect.stringMatching(/^orders\./) });
  expect(JSON.parse(told.body)).toMatchObject({ code: 'dead-unknown' });
});

test('a held answer over the cap has its status and headers, and says that its body is left out', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { respond: 'hold', resultBytes: 4 } } } });
  origin.set({ answer: { status: 200, headers: { 'X-Own': 'yes' }, body: 'too much' } });
  const told = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    const { status, headers } = response;
    return {
      status,
      own: headers.get('X-Own'),
      omitted: headers.get('Sluice-Body'),
      body: await response.text(),
    };
  });
  expect(told).toEqual({ status: 200, own: 'yes', omitted: 'omitted', body: '' });
});

test('a request says for itself how it wishes to be answered, and the service does not hear of it', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: { queues: { orders: { respond: 'hold' } } } });
  expect(await post(page, { Prefer: 'respond-async' })).toMatchObject({
    status: 202,
    applied: 'respond-async',
  });
  await drained(page);
  expect(await post(page, { Prefer: 'wait=10, handling=lenient' })).toMatchObject({
    status: 200,
    applied: 'wait=10',
  });
  await page.evaluate(() => sluice.pause());
  expect(await post(page, { Prefer: 'wait=1' })).toMatchObject({ status: 202, applied: 'wait=1' });
  expect(origin.arrivals.map(({ headers }) => headers.prefer)).toEqual([undefined, 'handling=lenient']);
});

test('a receipt points to where its job stands', async ({ open }) => {
  const page = await open();
  await page.evaluate(() => sluice.pause());
  const read = () =>
    page.evaluate(async () => {
      const link = (globalThis as { link?: string }).link ?? '';
      const response = await fetch(link);
      return { status: response.status, body: (await response.json()) as object };
    });
  await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    (globalThis as { link?: string }).link = response.headers.get('Location') ?? '';
  });
  expect(await read()).toMatchObject({ status: 200, body: { state: 'waiting', queue: 'orders' } });
  await page.evaluate(() => sluice.resume());
  await drained(page);
  expect(await read()).toMatchObject({ body: { state: 'done', status: 200 } });
  await page.evaluate(() => ((globalThis as { link?: string }).link = '/sluice-jobs/orders.99.x'));
  expect(await read()).toMatchObject({ status: 404, body: { code: 'job-unknown' } });
});

test('a queue makes a receipt of its own; the ticket is always there', async ({ open }) => {
  const page = await open({ settings: { queues: { orders: { functions: ['receipt:html'] } } } });
  const told = await post(page);
  expect(told).toMatchObject({ status: 200, ticket: expect.stringMatching(/^orders\./) });
  expect(told.body).toBe(`<p>saved as ${told.ticket}, 1 in line</p>`);
});

test('a form that is sent by navigation is taken where the queue asks for it, and leads to its page', async ({
  origin,
  open,
}) => {
  const page = await open({
    settings: { queues: { orders: { navigations: { redirectTo: '/short/?sent=yes' } } } },
  });
  origin.set({ fault: { kind: 'reset' } });
  await sendForm(page);
  await page.waitForFunction(() => /sent=yes&sluice-ticket=orders/.test(location.href));
  origin.set({ fault: undefined });
  await origin.waitFor(({ arrivals }) => arrivals.some(({ outcome }) => outcome === 'accepted'));
  expect(origin.arrivals.at(-1)).toMatchObject({
    method: 'POST',
    body: 'item=42',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
});

for (const [why, queue, breakStorage] of [
  ['storage is broken', {}, true],
  ['a queue is full', { maxJobs: 1, whenFull: 'network' }, false],
] as const) {
  test(`a form that is let through because ${why} leads to the page that the service names`, async ({
    origin,
    open,
  }) => {
    const navigations = { redirectTo: '/short/?sent=yes' };
    const page = await open({ settings: { breakStorage, queues: { orders: { ...queue, navigations } } } });
    if (!breakStorage)
      await page.evaluate(() =>
        sluice.enqueue(new Request('/api/orders', { method: 'POST' }), { held: true }),
      );
    origin.set({ answer: { status: 303, headers: { Location: '/short/?thanks=yes' } } });
    await sendForm(page);
    await page.waitForFunction(() => location.search === '?thanks=yes' && location.hash === '');
    expect(origin.arrivals).toMatchObject([{ method: 'POST', body: 'item=42' }]);
  });
}

async function sendForm(page: Page): Promise<void> {
  await page.evaluate(() => {
    document.body.innerHTML =
      '<form method="post" action="/api/orders"><input name="item" value="42"></form>';
  });
  // Once this has been answered: the page is left then.
  await page.evaluate(() => void setTimeout(() => document.querySelector('form')?.requestSubmit()));
}
