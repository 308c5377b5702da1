import { expect, test } from 'vitest';
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
    expect(sent).toEqual(['https://app.test/orders/2#sluice-direct Bearer 1 8']);
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
  while ((await sluice.counts()).orders.done === 0) await clock.advance(50);
  await clock.advance(6000);
  const outcome = await settled;
  expect(outcome).toMatchObject({ kind: 'done', response: { status: 201 } });
  const body = outcome.kind === 'done' ? outcome.response.body : undefined;
  expect(new TextDecoder().decode(body)).toBe('the answer');
});
