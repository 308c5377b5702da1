import { startOrigin } from '@sluice/origin';
import { drained, expect, type Page, test } from './fixtures.js';

const anything = {
  queues: {
    orders: {
      match: { method: ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'], url: '/api/orders*' },
      concurrency: 1,
    },
  },
};

test('every kind of request arrives as it would have without us', async ({ origin, open }) => {
  const page = await open({ settings: anything });
  const send = (suffix: string) =>
    page.evaluate(async (suffix) => {
      const file = new File([new Uint8Array([0, 255, 13, 10, 128])], 'a "quoted" name.bin', {
        type: 'image/x-test',
      });
      const form = new FormData();
      form.append('text', 'grüße');
      form.append('file', file);
      const requests: [string, RequestInit][] = [
        ['text', { method: 'POST', body: 'grüße' }],
        [
          'json',
          { method: 'PUT', body: '{"a":1}', headers: { 'Content-Type': 'application/json', 'X-Own': 'yes' } },
        ],
        ['params', { method: 'POST', body: new URLSearchParams({ a: '1 2', b: 'ü' }) }],
        ['blob', { method: 'PATCH', body: new Blob(['blob'], { type: 'text/x-blob' }) }],
        ['bytes', { method: 'POST', body: new Uint8Array([0, 1, 254, 255]) }],
        ['none', { method: 'POST' }],
        ['delete', { method: 'DELETE' }],
        ['delete-body', { method: 'DELETE', body: 'gone' }],
        ['head', { method: 'HEAD' }],
        ['omit', { method: 'POST', body: 'x', credentials: 'omit' }],
        ['referrer', { method: 'POST', body: 'x', referrer: '/short/other' }],
        ['form', { method: 'POST', body: form }],
      ];
      for (const [name, init] of requests) await fetch(`/api/orders/${name}?q=1${suffix}`, init);
    }, suffix);
  await page.context().addCookies([{ name: 'session', value: 's3cret', url: origin.url }]);
  // The opt-out of a page: past the queue, the same requests are the measure.
  await send('#sluice-direct');
  const direct = origin.arrivals.map((arrival) => ({ ...arrival }));
  origin.clear();
  await send('');
  await drained(page);
  expect(origin.arrivals.map(({ url }) => url)).toEqual(direct.map(({ url }) => url));
  for (const [i, arrival] of origin.arrivals.entries()) {
    const measure = direct[i] as (typeof direct)[number];
    expect(viewOf(arrival), arrival.url).toEqual(viewOf(measure));
  }
});

/** What must be the same. A boundary is made anew with each FormData; Referer is that of the worker, unless it was set. */
function viewOf({ method, url, headers, body, bodyBytes }: import('@sluice/origin').Arrival) {
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1];
  const { 'idempotency-key': _key, referer, 'content-type': type, ...rest } = headers;
  const names = ['cookie', 'origin', 'x-own', 'accept'];
  // Each form has a boundary of its own, and in Firefox of its own length.
  const ownBytes = boundary ? boundary.length * (body.split(boundary).length - 1) : 0;
  return {
    method,
    url,
    bodyBytes: bodyBytes - ownBytes,
    isWhole: bodyBytes === Number(headers['content-length'] ?? 0),
    body: boundary ? body.replaceAll(boundary, 'boundary') : body,
    type: boundary ? type?.replace(boundary, 'boundary') : type,
    referer: url.includes('referrer') ? referer : undefined,
    headers: Object.fromEntries(names.map((name) => [name, rest[name]])),
  };
}

test('nothing of ours is on the wire but the idempotency key, and that on our own origin alone', async ({
  origin,
  open,
}) => {
  const other = await startOrigin();
  const url = `${other.url}/api/orders`;
  const page = await open({
    settings: {
      queues: {
        orders: {
          match: [
            { method: 'POST', url: '/api/orders' },
            { method: 'POST', url },
          ],
        },
      },
    },
  });
  await page.evaluate(async (url) => {
    await fetch('/api/orders', { method: 'POST', body: 'x' });
    await fetch(url, { method: 'POST', body: 'x' });
    await fetch(url, { method: 'POST', body: 'x', mode: 'no-cors' });
    await fetch(url, { method: 'POST', body: 'x', headers: { 'Idempotency-Key': '"mine"' } });
    await fetch('/api/orders#sluice-direct', { method: 'POST', body: 'x' });
  }, url);
  await drained(page);
  const [own, direct] = origin.arrivals.toSorted((a) => (a.idempotencyKey ? -1 : 1));
  expect(own?.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
  expect(Object.keys(own?.headers ?? {}).filter((name) => !(name in (direct?.headers ?? {})))).toEqual([
    'idempotency-key',
  ]);
  const keys = other.arrivals.map(({ idempotencyKey }) => idempotencyKey);
  expect(keys).toHaveLength(3);
  expect(keys.filter((key) => key !== undefined)).toEqual(['mine']);
  await other.close();
});

test('an answer that the browser hides is no success, unless the queue trusts it', async ({ open }) => {
  const other = await startOrigin();
  const match = { method: 'POST', url: `${other.url}/api/orders` };
  const page = await open({
    settings: {
      queues: {
        orders: { match },
        trusting: { match: { ...match, url: `${other.url}/api/trusted` }, trustOpaque: true },
      },
    },
  });
  const outcomes = await page.evaluate(async (url) => {
    const kinds: string[] = [];
    for (const path of ['orders', 'trusted']) {
      const response = await fetch(`${url}/api/${path}`, { method: 'POST', body: 'x', mode: 'no-cors' });
      const outcome = await sluice.settled(response.headers.get('Sluice-Ticket') ?? '');
      kinds.push('reason' in outcome ? `${outcome.kind}: ${outcome.reason}` : outcome.kind);
    }
    return kinds;
  }, other.url);
  expect(outcomes).toEqual(['dead: unknown', 'done']);
  await other.close();
});

test('sendBeacon is queued like any other request', async ({ origin, open }) => {
  const page = await open();
  expect(await page.evaluate(() => navigator.sendBeacon('/api/orders', 'beacon'))).toBe(true);
  await expect.poll(() => page.evaluate(async () => (await sluice.counts()).orders?.done)).toBe(1);
  expect(origin.arrivals).toMatchObject([{ method: 'POST', body: 'beacon' }]);
});

test('a fetch with keepalive is queued like any other request', async ({ open, browserName }) => {
  test.skip(browserName === 'firefox', 'the browser sends it past the service worker');
  const page = await open();
  const status = await page.evaluate(
    async () => (await fetch('/api/orders', { method: 'POST', body: 'x', keepalive: true })).status,
  );
  expect(status).toBe(202);
});

test('a synchronous XHR is queued like any other request', async ({ open, browserName }) => {
  test.skip(browserName !== 'firefox', 'the browser sends it past the service worker');
  const page = await open();
  const status = await page.evaluate(() => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', '/api/orders', false);
    xhr.send('x');
    return xhr.status;
  });
  expect(status).toBe(202);
});

test('what no rule names is not touched', async ({ origin, open }) => {
  const page = await open();
  await page.evaluate(() => fetch('/api/other', { method: 'POST', body: 'x' }));
  expect(origin.arrivals[0]?.headers).not.toHaveProperty('idempotency-key');
  expect(origin.arrivals[0]?.headers.referer).toContain('/short/');
});

test('a redirect that was not to be followed is no success', async ({ origin, open }) => {
  const page = await open();
  origin.set({ answer: { status: 302, headers: { Location: '/login' } } });
  const outcome = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x', redirect: 'manual' });
    return sluice.settled(response.headers.get('Sluice-Ticket') ?? '');
  });
  expect(outcome).toMatchObject({ kind: 'dead', reason: 'unknown' });
});

test('a write that is led to another origin has found a portal, and is sent again until it finds its service', async ({
  origin,
  open,
}) => {
  const portal = await startOrigin();
  const page = await open();
  origin.set({ answer: { status: 302, headers: { Location: `${portal.url}/api/login` } } });
  const ticket = await page.evaluate(async () => {
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    return response.headers.get('Sluice-Ticket') ?? '';
  });
  await portal.waitFor(({ arrivals }) => arrivals.length === 2);
  origin.set({ answer: undefined, dedupe: false });
  await page.evaluate(() => sluice.nudge());
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
  expect(origin.arrivals.at(-1)).toMatchObject({ status: 200 });
  await portal.close();
});

interface Seen {
  status: number | string;
  type?: string;
  url?: string;
  redirected?: boolean;
  length?: string | null;
}

/** The answers to four requests, as a page sees them: a plain one, a HEAD, one that is redirected, one whose connection breaks. */
function seen(page: Page, suffix = ''): Promise<Seen[]> {
  return page.evaluate(async (suffix) => {
    const look = async (method: string, name: string): Promise<Seen> => {
      try {
        const response = await fetch(`/api/orders/${name}${suffix}`, { method });
        const { status, type, url, redirected, headers } = response;
        const length = headers.get('Content-Length');
        return { status, type, url: new URL(url, location.href).pathname, redirected, length };
      } catch (error) {
        return { status: (error as Error).name };
      }
    };
    return [
      await look('POST', 'plain'),
      await look('HEAD', 'head'),
      await look('GET', 'moved'),
      await look('POST', 'broken'),
    ];
  }, suffix);
}

const READ = { type: 'basic', redirected: false, length: '4' };
const MADE = { redirected: false };
const SEEN = {
  plain: [
    { status: 200, url: '/api/orders/plain', ...READ },
    { status: 200, url: '/api/orders/head', ...READ },
    { status: 200, url: '/short/', type: 'basic', redirected: true },
    { status: 'TypeError' },
  ],
  'network-first': [
    { status: 200, url: '/api/orders/plain', ...READ },
    { status: 200, url: '/api/orders/head', ...READ },
    { status: 200, url: '/short/', type: 'basic', redirected: true },
    { status: 202, ...MADE },
  ],
  hold: [
    { status: 200, url: '/api/orders/plain', ...MADE, length: '4' },
    { status: 200, url: '/api/orders/head', ...MADE, length: '4' },
    { status: 200, url: '/api/orders/moved', ...MADE },
    { status: 'TypeError' },
  ],
  receipt: [
    { status: 202, url: '/api/orders/plain', ...MADE },
    { status: 202, url: '/api/orders/head', ...MADE },
    { status: 202, url: '/api/orders/moved', ...MADE },
    { status: 202, url: '/api/orders/broken', ...MADE },
  ],
};

const MODES = {
  plain: {},
  'network-first': { mode: 'network-first' },
  hold: { respond: 'hold', verdicts: { 'network-error': 'dead' } },
  receipt: {},
} as const;

for (const mode of ['plain', 'network-first', 'hold', 'receipt'] as const) {
  test(`${mode}: an answer differs from that of plain fetch as the guide says`, async ({ origin, open }) => {
    const match = { method: ['GET', 'HEAD', 'POST'], url: '/api/orders/*' };
    const page = await open({ settings: { queues: { orders: { match, ...MODES[mode] } } } });
    const ofPlain = { status: 200, headers: { 'Content-Length': '4' }, body: 'made' };
    origin.set({ answer: ofPlain, fault: { kind: 'reset', match: ({ url }) => url.includes('broken') } });
    origin.onArrival(({ url }) => {
      const isMoved = url.includes('moved');
      origin.set({ answer: isMoved ? { status: 302, headers: { Location: '/short/' } } : ofPlain });
    });
    const told = await seen(page, mode === 'plain' ? '#sluice-direct' : '');
    expect(told).toMatchObject(SEEN[mode]);
  });
}
