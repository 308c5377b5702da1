import { expect, test } from 'vitest';
import type { QueueConfig } from '../core/config.js';
import { testSluice } from '../testing/index.js';

const match = ({ method }: { method: string }): boolean => method === 'POST';

for (const seal of ['secrets', 'all'] as const) {
  test(`seal: '${seal}': an edited job is sent as it was changed, and keeps what was kept secret`, async () => {
    const sent: string[] = [];
    const { sluice, clock } = await testSluice(
      { queues: { orders: { match, seal } } },
      {
        fetch: ({ url, headers }) => {
          sent.push(`${url} ${headers.get('Authorization')} ${headers.get('X-Shop')}`);
          return new Response();
        },
      },
    );
    await sluice.pause();
    const init = { method: 'POST', body: 'old', headers: { Authorization: 'Bearer 1', 'X-Shop': '7' } };
    const { ticket } = await sluice.enqueue(new Request('https://app.test/orders/1', init));
    await sluice.edit(ticket, { url: '/orders/2' });
    await sluice.edit(ticket, { headers: { 'X-Shop': '8' }, body: 'new' });
    await sluice.resume();
    while (sent.length === 0) await clock.advance(50);
    expect(sent).toEqual(['https://app.test/orders/2 Bearer 1 8']);
  });
}

for (const [secrets, Authorization] of [
  ['seal', 'none at first'],
  ['drop', 'Bearer 1'],
] as const) {
  test(`secrets: '${secrets}': a secret that an edit brings along does not stand in clear`, async () => {
    const queue = { match, secrets, secretHeaders: ['X-Api-Key'] };
    const { sluice } = await testSluice({ queues: { orders: queue } }, { fetch: () => new Response() });
    await sluice.pause();
    const headers = { ...(secrets === 'drop' ? { 'X-Api-Key': 'old', Authorization } : {}), 'X-Shop': '7' };
    const { ticket } = await sluice.enqueue(
      new Request('https://app.test/orders', { method: 'POST', headers }),
    );
    await sluice.edit(ticket, { headers: { 'X-Shop': '8', 'X-Api-Key': 'canary' } });
    const text = await (await sluice.export()).text();
    expect(text).toContain('"x-shop","8"');
    expect(text).not.toContain('canary');
  });
}

test("secrets: 'drop': a secret that a job did not come with does not stand in clear once an edit names it", async () => {
  const { sluice } = await serviceThatAnswers([200], { secrets: 'drop', secretHeaders: ['X-Api-Key'] });
  await sluice.pause();
  const init = { method: 'POST', headers: { Authorization: 'Bearer 1' } };
  const { ticket } = await sluice.enqueue(new Request(ORDERS, init));
  await sluice.edit(ticket, { headers: { 'X-Api-Key': 'canary' } });
  expect(await (await sluice.export()).text()).not.toContain('canary');
});

for (const seal of ['secrets', 'all'] as const)
  test(`secrets: 'drop', seal: '${seal}': what was dropped as it came is dropped at each edit`, async () => {
    const seen: (string | null)[] = [];
    const { sluice, until } = await serviceThatAnswers([200], {
      seal,
      secrets: 'drop',
      secretHeaders: ['X-Api-Key'],
      prepare: (request) => {
        for (const name of ['Authorization', 'X-Api-Key', 'X-Shop']) seen.push(request.headers.get(name));
        return request;
      },
    });
    await sluice.pause();
    const headers = { Authorization: 'Bearer 1', 'X-Api-Key': 'canary' };
    const { ticket } = await sluice.enqueue(new Request(ORDERS, { method: 'POST', headers }));
    await sluice.edit(ticket, { headers: { Authorization: 'Bearer 2' } });
    await sluice.edit(ticket, { headers: { ...headers, 'X-Shop': '8' } });
    expect(await (await sluice.export()).text()).not.toContain('canary');
    await sluice.resume();
    await until(1);
    expect(seen).toEqual([null, null, '8']);
  });

for (const seal of ['secrets', 'all'] as const)
  test(`seal: '${seal}': an edit may have no larger body than a request`, async () => {
    const { sluice } = await serviceThatAnswers([200], { seal, maxBodyBytes: 4 });
    await sluice.pause();
    const { ticket } = await sluice.enqueue(new Request(ORDERS, { method: 'POST', body: 'old' }));
    await expect(sluice.edit(ticket, { body: 'four' })).resolves.toBeUndefined();
    await expect(sluice.edit(ticket, { body: 'fünf' })).rejects.toMatchObject({
      code: 'body-too-large',
      value: 5,
      message: expect.stringContaining("maxBodyBytes of queue 'orders' allows, 4"),
    });
  });

test('an edited job goes under a key of its own, also where the app had set one', async () => {
  const keys: (string | null)[] = [];
  const { sluice, clock } = await testSluice(
    { queues: { orders: { match } } },
    {
      fetch: ({ headers }) => {
        keys.push(headers.get('Idempotency-Key'));
        return new Response(null, { status: keys.length === 1 ? 422 : 200 });
      },
    },
  );
  const init = { method: 'POST', body: 'wrong', headers: { 'Idempotency-Key': '"own"' } };
  const { ticket } = await sluice.enqueue(new Request('https://app.test/orders', init));
  while (keys.length === 0) await clock.advance(50);
  await sluice.edit(ticket, { body: 'right' });
  await sluice.redrive(ticket);
  while (keys.length === 1) await clock.advance(50);
  expect(keys[0]).toBe('"own"');
  expect(keys[1]).toMatch(/^"[\da-f-]{36}"$/);
});

for (const seal of ['secrets', 'all'] as const)
  test(`seal: '${seal}': what the service has declined is redriven under another key, also where the app had set one`, async () => {
    const { sluice, sent, until } = await serviceThatAnswers([422, 200], { seal });
    const headers = { 'Idempotency-Key': '"own"', Authorization: 'Bearer 1' };
    const { ticket } = await sluice.enqueue(
      new Request(ORDERS, { method: 'POST', body: 'as it is', headers }),
    );
    await until(1);
    await sluice.redrive(ticket);
    await until(2);
    expect(sent[0]).toEqual({ key: '"own"', secret: 'Bearer 1', body: 'as it is' });
    expect(sent[1]).toEqual({ ...sent[0], key: expect.stringMatching(/^"[\da-f-]{36}"$/) });
  });

for (const [why, ends] of [
  ['an end that says nothing of it', ['none', 422]],
  ['a failure of the service', [500, 500]],
] as const)
  test(`what may have been done is redriven under its key: ${why}`, async () => {
    const { sluice, sent, until } = await serviceThatAnswers([...ends, 200], { maxAttempts: 2 });
    const { ticket } = await sluice.enqueue(new Request(ORDERS, { method: 'POST' }));
    await until(2);
    await sluice.redrive(ticket);
    await until(3);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  });

test('a key that an edit has given stays', async () => {
  const { sluice, sent, until } = await serviceThatAnswers([422, 200]);
  const { ticket } = await sluice.enqueue(new Request(ORDERS, { method: 'POST' }));
  await until(1);
  await sluice.edit(ticket, { headers: { 'Idempotency-Key': '"mine"' } });
  await sluice.redrive(ticket);
  await until(2);
  expect(sent[1]?.key).toBe('"mine"');
});

const ORDERS = 'https://app.test/orders';

/** One after another: a status, or none at all. `until` so many are settled. */
async function serviceThatAnswers(ends: readonly (number | 'none')[], queue: Partial<QueueConfig> = {}) {
  const sent: { key: string | null; secret: string | null; body: string }[] = [];
  const { sluice, clock } = await testSluice(
    { queues: { orders: { match, ...queue } } },
    {
      fetch: async (request) => {
        const { headers } = request;
        const key = headers.get('Idempotency-Key');
        sent.push({ key, secret: headers.get('Authorization'), body: await request.text() });
        const end = ends[sent.length - 1];
        if (typeof end !== 'number') throw new TypeError('the network is gone');
        return new Response(null, { status: end });
      },
    },
  );
  const live = async (): Promise<number> => {
    const { orders: counts } = await sluice.counts();
    return counts ? counts.waiting + counts.leased : 0;
  };
  const until = async (count: number): Promise<void> => {
    while (sent.length < count || (await live()) > 0) await clock.advance(50);
  };
  return { sluice, sent, until };
}

test('what is not known cannot be edited', async () => {
  const { sluice } = await testSluice({ queues: { orders: { match } } }, { fetch: () => new Response() });
  await expect(sluice.edit('orders.1.x', { body: '' })).rejects.toMatchObject({ code: 'state-conflict' });
});

test('where all is sealed, the page that waits gets the answer in clear, and lists show the origin alone', async () => {
  const { sluice, clock } = await testSluice(
    { queues: { orders: { match, seal: 'all', orderingKey: (request) => request.text() } } },
    { fetch: () => new Response('the answer', { status: 201, headers: { 'X-Answer': 'yes' } }) },
  );
  await sluice.pause();
  const { ticket } = await sluice.enqueue(
    new Request('https://app.test/orders/canary?canary', { method: 'POST', body: 'canary' }),
  );
  const { jobs } = await sluice.list({ queue: 'orders', state: 'waiting' });
  expect(jobs).toMatchObject([{ ticket, url: 'https://app.test/' }]);
  expect(await (await sluice.export()).text()).not.toContain('canary');
  await sluice.resume();
  const settled = sluice.settled(ticket);
  while ((await sluice.counts()).orders?.done === 0) await clock.advance(50);
  await clock.advance(6000);
  const outcome = await settled;
  expect(outcome).toMatchObject({ kind: 'done', response: { status: 201 } });
  const body = outcome.kind === 'done' ? outcome.response.body : undefined;
  expect(new TextDecoder().decode(body)).toBe('the answer');
});
