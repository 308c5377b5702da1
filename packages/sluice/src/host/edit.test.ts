import { expect, test } from 'vitest';
import type { QueueConfig } from '../core/config.js';
import type { HeaderPairs } from '../core/job.js';
import { storedPost } from '../core/job.kit.js';
import { DEFAULT_POLICY, type QueuePolicy } from '../core/policy.js';
import { editJob } from '../store/job-commands.js';
import { openMemory } from '../store/memory.js';
import { readStored } from '../store/query.js';
import { StoreBench, T0 } from '../store/store.kit.js';
import { testSluice } from '../testing/index.js';
import { createSealingKey } from '../transport/cipher.js';
import { type Hiding, hideStored, openStored } from '../transport/seal-all.js';
import { makeEdit, type StoredChange } from './edit.js';

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

for (const seal of ['secrets', 'all'] as const)
  test(`secrets: 'drop', seal: '${seal}': an edit drops what the queue keeps secret, whatever the job came with`, async () => {
    const seen: (string | null)[] = [];
    const { sluice, until } = await serviceThatAnswers([200], {
      seal,
      secrets: 'drop',
      secretHeaders: ['X-Api-Key', 'X-Pin'],
      prepare: (request) => {
        for (const name of ['Authorization', 'X-Api-Key', 'X-Pin', 'X-Shop'])
          seen.push(request.headers.get(name));
        return request;
      },
    });
    await sluice.pause();
    const headers = { Authorization: 'Bearer 1', 'X-Api-Key': 'canary' };
    const { ticket } = await sluice.enqueue(new Request(ORDERS, { method: 'POST', headers }));
    await sluice.edit(ticket, { headers: { Authorization: 'Bearer 2' } });
    await sluice.edit(ticket, { headers: { ...headers, 'X-Pin': 'canary', 'X-Shop': '8' } });
    expect(await (await sluice.export()).text()).not.toContain('canary');
    await sluice.resume();
    await until(1);
    expect(seen).toEqual([null, null, null, '8']);
  });

for (const seal of ['secrets', 'all'] as const)
  test(`seal: '${seal}': the headers of an edit take the place of all but the secret ones`, async () => {
    const seen: string[][] = [];
    const { sluice, until } = await serviceThatAnswers([200], {
      seal,
      secretHeaders: ['X-Api-Key'],
      prepare: (request) => {
        seen.push([...request.headers.keys()].filter((name) => name.startsWith('x-')));
        return request;
      },
    });
    await sluice.pause();
    const headers = { 'X-Api-Key': '1', 'X-Shop': '7' };
    const { ticket } = await sluice.enqueue(new Request(ORDERS, { method: 'POST', headers }));
    await sluice.edit(ticket, { headers: { 'X-Note': 'new' } });
    await sluice.resume();
    await until(1);
    expect(seen).toEqual([['x-api-key', 'x-note']]);
  });

const { secrets: _secrets, secretHeaders: _secretHeaders, ...older } = DEFAULT_POLICY;

for (const [whose, policy] of [
  ['of an older version of the app', older as QueuePolicy],
  ['that declares it no more', DEFAULT_POLICY],
] as const)
  test(`under a policy ${whose}, what was sealed does not come to stand in clear`, async () => {
    const edited = await editsUnder(policy, {}, [
      { url: '/orders/2' },
      { headers: { 'X-Api-Key': 'new', 'X-Shop': '8' } },
      { body: 'new' },
    ]);
    expect(edited).toEqual({ shown: [['x-shop', '8']], kept: [['x-api-key', 'new']] });
  });

test('under a policy of an older version of the app, what was dropped is dropped at each edit', async () => {
  const edited = await editsUnder(older as QueuePolicy, { secrets: 'drop' }, [
    { headers: { Authorization: 'Bearer 2' } },
    { headers: { 'X-Api-Key': 'new', 'X-Shop': '8' } },
  ]);
  expect(edited).toEqual({ shown: [['x-shop', '8']], kept: [] });
});

test('under a policy that seals secrets alone, what was sealed as a whole stays so', async () => {
  const edited = await editsUnder(DEFAULT_POLICY, { seal: 'all' }, [{ headers: { 'X-Shop': '8' } }]);
  expect(edited).toEqual({ shown: [], kept: [['x-shop', '8']] });
});

/** A job captured where `X-Api-Key` is secret, and edited under this policy: what of its headers stands in clear, and what else it has. */
async function editsUnder(policy: QueuePolicy, before: Partial<Hiding>, changes: readonly StoredChange[]) {
  const bench = new StoreBench(openMemory());
  const cryptoKey = await createSealingKey();
  const key = () => Promise.resolve([cryptoKey] as const);
  const headers: HeaderPairs = [
    ['Authorization', 'Bearer 1'],
    ['X-Api-Key', 'old'],
  ];
  const captured = { request: { ...storedPost(ORDERS), headers }, body: undefined };
  const hiding: Hiding = { seal: 'secrets', secrets: 'seal', secretHeaders: ['X-Api-Key'], ...before };
  const { request } = await hideStored(captured, hiding, { idempotencyKey: 'k', key });
  bench.policy = policy;
  const ticket = await bench.ticket({}, { request, idempotencyKey: 'k' });
  for (const change of changes) {
    const edit = await makeEdit(ticket, change, { database: bench.database, sealingKey: key, base: ORDERS });
    await bench.command(editJob(ticket, edit), T0);
  }
  const job = (await readStored(bench.database, ticket))?.job;
  if (!job) throw new Error('no such job');
  const clear = await openStored({ request: job.request, body: undefined }, job, key);
  const isShown = ([name]: [string, string]) => job.request.headers.some(([shown]) => shown === name);
  return {
    shown: job.request.headers,
    kept: clear.request.headers.filter((pair) => !isShown(pair) && pair[0] !== 'Authorization'),
  };
}

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
