import { afterEach, expect, test, vi } from 'vitest';
import { readTicket } from '../core/receipt.js';
import { testSluice } from './index.js';

const config = {
  queues: {
    orders: {
      match: ({ method, url }: { method: string; url: string }) =>
        method === 'POST' && url.endsWith('/orders'),
      rate: { limit: 2, perMs: 1000 },
      adaptive: false,
    },
  },
};

const place = { method: 'POST', body: 'an order' };

afterEach(() => {
  vi.useRealTimers();
});

test('an app is tested against the real queue: accepted at once, sent at the pace of the service', async () => {
  const seen: string[] = [];
  const { sluice, clock } = await testSluice(config, {
    fetch: async (request) => {
      seen.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
      return new Response('stored', { status: 201 });
    },
  });
  const responses = await Promise.all([1, 2, 3].map(() => sluice.fetch('/orders', place)));
  expect(responses.map(({ status }) => status)).toEqual([202, 202, 202]);
  expect(seen).toEqual([]);
  await clock.advance(600);
  expect(seen).toEqual(['POST /orders an order', 'POST /orders an order']);
  await clock.advance(600);
  const outcome = await sluice.settled(responses[2]?.headers.get('Sluice-Ticket') ?? '');
  expect(outcome).toMatchObject({ kind: 'done', response: { status: 201 } });
});

test('a service that fails is tried again, and what it refuses is a dead letter', async () => {
  const answers = [503, 422];
  const { sluice, clock } = await testSluice(config, {
    fetch: () => new Response(null, { status: answers.shift() ?? 200 }),
  });
  const [receipt] = await sluice.enqueue([new Request('https://app.test/orders', place)], { priority: 1 });
  await clock.advance(60_000);
  expect(await sluice.get(receipt?.ticket ?? '')).toMatchObject({ state: 'dead', reason: 'rejected' });
  expect(sluice.snapshot().queues.orders).toMatchObject({ depth: 0 });
});

test('time goes on while jobs that always fail wait for their next attempt', async () => {
  const { sluice, clock } = await testSluice(
    { queues: { orders: { match: () => true } } },
    { fetch: () => new Response(null, { status: 500 }) },
  );
  await sluice.enqueue([1, 2, 3].map(() => new Request('https://app.test/orders', place)));
  await clock.advance(600_000);
  expect(await sluice.counts()).toMatchObject({ orders: { waiting: 0, dead: { attempts: 3 } } });
});

test('a `prepare` that fails for an hour, as one that asks the service for a token, kills no job', async () => {
  let isOver = false;
  const prepare = (request: Request): Request => {
    if (!isOver) throw new TypeError('Failed to fetch');
    return request;
  };
  const orders = { ...config.queues.orders, prepare };
  const { sluice, clock } = await testSluice({ queues: { orders } }, { fetch: () => new Response() });
  const receipts = await sluice.enqueue([1, 2, 3].map(() => new Request('https://app.test/orders', place)));
  await clock.advance(3_600_000);
  expect(sluice.snapshot().queues.orders?.status).toMatchObject({ kind: 'probing' });
  isOver = true;
  await clock.advance(600_000);
  for (const { ticket } of receipts) expect(await sluice.get(ticket)).toMatchObject({ state: 'done' });
});

test('a receipt that the queue makes wrongly is stored all the same, and answered by our own', async () => {
  const faults: (() => unknown)[] = [
    () => ({ status: 99 }),
    () => ({ headers: { 'X-Own': 'no pairs' } }),
    () => {
      throw new Error('of the app');
    },
  ];
  const told = vi.spyOn(console, 'error').mockReturnValue(undefined);
  for (const fault of faults) {
    const orders = { ...config.queues.orders, receipt: fault as () => { status: number } };
    const { sluice } = await testSluice({ queues: { orders } }, { fetch: () => new Response() });
    const response = await sluice.fetch('/orders', place);
    expect(response.status).toBe(202);
    expect(await sluice.counts()).toMatchObject({ orders: { accepted: 1, waiting: 1 } });
  }
  expect(told).toHaveBeenCalledTimes(3);
  told.mockRestore();
});

test('what is sealed of a job opens after a rewrite has given it another URL', async () => {
  const sent: string[] = [];
  const rewrite = (_: unknown, { json }: { json(): unknown }) => ({ url: `/${String(json())}/orders` });
  const { sluice, clock } = await testSluice(
    { queues: { orders: { ...config.queues.orders, rewrite } } },
    {
      fetch: ({ url, headers }) => {
        sent.push(`${new URL(url).pathname} ${headers.get('Authorization')}`);
        return Response.json(42);
      },
    },
  );
  const order = () =>
    new Request('https://app.test/orders', { ...place, headers: { Authorization: 'Bearer 1' } });
  const { ticket } = await sluice.enqueue(order());
  await sluice.enqueue(order(), { after: ticket });
  // The cipher takes turns of the event loop.
  while (sent.length < 2) await clock.advance(50);
  expect(sent).toEqual(['/orders Bearer 1', '/42/orders Bearer 1']);
});

test('a request that is aborted while it is stored rejects, and its job is cancelled', async () => {
  const abort = new AbortController();
  const match = (): boolean => {
    abort.abort();
    return true;
  };
  const { sluice } = await testSluice({ queues: { orders: { match } } }, { fetch: () => new Response() });
  await sluice.pause();
  const answer = sluice.fetch('/orders', { ...place, signal: abort.signal });
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  expect(await sluice.counts()).toMatchObject({ orders: { accepted: 1, cancelled: { user: 1 } } });
});

test('what waits and what is dead can be taken out, without secrets', async () => {
  const { sluice, clock } = await testSluice(config, {
    fetch: () => new Response('no', { status: 422, headers: { 'X-Why': 'sold out' } }),
  });
  const headers = { Authorization: 'Bearer secret', 'X-Shop': '7' };
  await sluice.fetch('/orders', { ...place, headers });
  for (let dead = false; !dead; dead = (await sluice.counts()).orders?.dead.rejected === 1)
    await clock.advance(50);
  await sluice.fetch('/orders', { method: 'POST', body: new Uint8Array([0, 255, 128]) });
  const text = await (await sluice.export()).text();
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    { state: 'dead', reason: 'rejected', body: btoa('an order'), answer: { status: 422 } },
    { state: 'waiting', method: 'POST', url: 'https://app.test/orders', body: 'AP+A' },
  ]);
  expect(text).toContain('"x-shop","7"');
  expect(text).not.toContain('secret');
});

test('a service that never answers is timed out', async () => {
  const signals: AbortSignal[] = [];
  const { sluice, clock } = await testSluice(config, {
    fetch: ({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    },
  });
  const told = vi.fn();
  sluice.on('nacked', ({ detail }) => told(detail));
  await sluice.fetch('/orders', place);
  await clock.advance(31_000);
  expect(told).toHaveBeenCalledWith('no answer within timeoutMs');
  expect(signals[0]?.aborted).toBe(true);
});

test('close() resolves while a service does not answer', async () => {
  const arrived = vi.fn();
  const { sluice, clock } = await testSluice(config, {
    fetch: () => {
      arrived();
      return new Promise(() => undefined);
    },
  });
  await sluice.fetch('/orders', place);
  await clock.advance(1000);
  expect(arrived).toHaveBeenCalledTimes(1);
  await expect(sluice.close()).resolves.toBeUndefined();
});

test('the service sees a URL without fragment, as over the wire', async () => {
  const seen: string[] = [];
  const { sluice, clock } = await testSluice(config, {
    fetch: async (request) => {
      seen.push(`${request.url} ${request.headers.get('X-Shop')} ${await request.text()}`);
      return new Response();
    },
  });
  const headers = { 'X-Shop': '7' };
  await sluice.fetch('/orders', { ...place, headers });
  await clock.advance(1000);
  await sluice.fetch('/elsewhere#here', { headers });
  expect(seen).toEqual(['https://app.test/orders 7 an order', 'https://app.test/elsewhere 7 ']);
});

test('fake timers of the app hold up neither a burst nor the clock', async () => {
  vi.useFakeTimers();
  let sends = 0;
  const { sluice, clock } = await testSluice(config, {
    fetch: () => {
      sends += 1;
      return new Response();
    },
  });
  const burst = [1, 2, 3, 4, 5, 6].map(() => sluice.fetch('/orders', place));
  expect((await Promise.all(burst)).map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 202]);
  await clock.advance(10_000);
  expect(sends).toBe(6);
});

test('after close() nothing is accepted', async () => {
  const { sluice } = await testSluice(config, { fetch: () => new Response() });
  await sluice.close();
  await expect(sluice.fetch('/orders', place)).rejects.toMatchObject({ code: 'closed' });
  const request = new Request('https://app.test/orders', place);
  await expect(sluice.enqueue(request)).rejects.toMatchObject({ code: 'closed' });
});

test('what no rule names goes to the service at once, and after close() nothing is sent', async () => {
  let sends = 0;
  const { sluice, clock } = await testSluice(config, {
    fetch: () => {
      sends += 1;
      return new Response('here');
    },
  });
  expect(await (await sluice.fetch('/elsewhere')).text()).toBe('here');
  await sluice.fetch('/orders', place);
  await sluice.close();
  await clock.advance(10_000);
  expect(sends).toBe(1);
});

test('the signal of one of two callers of the same thing cancels nothing', async () => {
  for (const who of [0, 1]) {
    const { sluice, clock } = await testSluice(
      { queues: { orders: { match: () => true } } },
      { fetch: () => new Response() },
    );
    await sluice.pause();
    const callers = [new AbortController(), new AbortController()];
    const tickets: (string | undefined)[] = [];
    for (const { signal } of callers) {
      const job = { dedupeKey: 'order-7' };
      tickets.push(readTicket(await sluice.fetch('/orders', { ...place, job, signal })));
    }
    expect(tickets[1]).toBe(tickets[0]);
    callers[who]?.abort();
    await sluice.resume();
    await clock.advance(1000);
    expect(await sluice.settled(tickets[0] ?? '')).toMatchObject({ kind: 'done' });
  }
});
