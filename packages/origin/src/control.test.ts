import { expect, test } from 'vitest';
import { order, start } from './origin.kit.js';
import type { Origin } from './origin.js';

function change({ url }: Origin, body: string): Promise<Response> {
  return fetch(`${url}/control`, { method: 'POST', body });
}

test('shows the behaviour and the counts', async () => {
  const origin = await start({ control: true, behaviour: { queueLimit: 5 } });
  await order(origin, 'k1');
  await order(origin, 'k1');
  expect(await (await fetch(`${origin.url}/control`)).json()).toEqual({
    behaviour: {
      ratePerSecond: null,
      queueLimit: 5,
      baseLatencyMs: 0,
      overload: { status: 429, retryAfter: '1' },
      rateLimitFields: 'none',
      window: null,
      fault: null,
      answer: null,
      dedupe: true,
      cors: true,
    },
    arrivals: 2,
    outcomes: { accepted: 1, duplicate: 1, rejected: 0, dropped: 0, reset: 0, waiting: 0 },
    duplicates: 1,
    waiting: 0,
  });
});

test('changes the behaviour and answers with it', async () => {
  const origin = await start({ control: true });
  const response = await change(origin, '{"ratePerSecond":2,"fault":{"kind":"delay","ms":50}}');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    behaviour: { ratePerSecond: 2, fault: { kind: 'delay', ms: 50 } },
  });
  expect(origin.behaviour).toMatchObject({ ratePerSecond: 2, fault: { kind: 'delay', ms: 50 } });
});

test('takes the service down and up while the control itself stays', async () => {
  const origin = await start({ control: true });
  await change(origin, '{"fault":{"kind":"reset"}}');
  await expect(order(origin)).rejects.toThrow();
  expect((await change(origin, '{"fault":null}')).status).toBe(200);
  expect((await order(origin)).status).toBe(200);
});

const BAD = [
  { body: '{"ratePerSecond":-3}', code: 'behaviour-invalid', detail: 'ratePerSecond (given -3)', value: -3 },
  {
    body: '{"speed":"fast"}',
    code: 'behaviour-invalid',
    detail: 'No field speed (given "fast")',
    value: 'fast',
  },
  { body: '{"dedupe":null}', code: 'behaviour-invalid', detail: 'dedupe (given null)', value: null },
  { body: '[1]', code: 'behaviour-invalid', detail: 'The behaviour (given [1])', value: [1] },
  { body: 'faster!', code: 'json-invalid', detail: 'JSON', value: 'faster!' },
  { body: '', code: 'json-invalid', detail: 'JSON', value: '' },
];

for (const { body, code, detail, value } of BAD) {
  test(`refuses the patch ${body || '(empty)'} with its code and the offending value`, async () => {
    const origin = await start({ control: true });
    const before = origin.behaviour;
    const response = await change(origin, body);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json',
    ]);
    expect(await response.json()).toMatchObject({
      status: 400,
      code,
      detail: expect.stringContaining(detail),
      value,
    });
    expect(origin.behaviour).toBe(before);
  });
}

test('refuses a patch that is too large', async () => {
  const response = await change(await start({ control: true }), ' '.repeat(70_000));
  expect([response.status, await response.json()]).toEqual([
    413,
    expect.objectContaining({ code: 'patch-too-large' }),
  ]);
});

test('names the control that does not exist', async () => {
  const origin = await start({ control: true });
  const unknown = await fetch(`${origin.url}/control/stop`, { method: 'POST' });
  expect([unknown.status, await unknown.json()]).toEqual([
    404,
    expect.objectContaining({ code: 'control-unknown', detail: 'No POST /control/stop here.' }),
  ]);
  expect((await fetch(`${origin.url}/control`, { method: 'DELETE' })).status).toBe(404);
});

test('is not there unless asked for', async () => {
  expect((await fetch(`${(await start()).url}/control`)).status).toBe(404);
});
