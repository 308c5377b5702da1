import { expect, test, vi } from 'vitest';
import type { Sluice } from '../client/sluice.js';
import { testSluice } from '../testing/index.js';

const config = {
  queues: { orders: { match: ({ url }: { url: string }) => url.endsWith('/orders'), adaptive: false } },
};

/** As a caller without types has it. */
type Untyped = Record<string, (...args: unknown[]) => Promise<unknown>>;

async function open(): Promise<{ sluice: Sluice; untyped: Untyped }> {
  const { sluice } = await testSluice(config, { fetch: () => new Response() });
  return { sluice, untyped: sluice as unknown as Untyped };
}

const WRONG: [call: string, args: unknown[], said: RegExp][] = [
  ['list', [{ queue: 'orders', state: 'failed' }], /list, state is "failed"; allowed: 'waiting'/],
  ['list', [{ state: 'dead' }], /list, queue is missing/],
  ['list', [{ queue: 'orders', state: 'dead', limit: 0 }], /list, limit is 0/],
  ['list', [], /list is missing/],
  ['get', [7], /get is 7; allowed: a ticket/],
  ['settled', [undefined], /settled is missing/],
  ['cancel', [{}], /cancel is {}/],
  ['edit', ['orders.1.n', { header: [] }], /edit, header is .*no such field/],
  ['hold', [null], /hold is null/],
  ['release', [], /release/],
  ['redrive', [[]], /redrive/],
  ['pause', [{ queue: 'orders' }], /pause is /],
  ['resume', [5], /resume/],
  ['nudge', [null], /nudge/],
  ['setPolicy', [undefined, {}], /setPolicy/],
  ['identify', ['ann', { adopt: 'yes' }], /identify, adopt is "yes"; allowed: true or false/],
  ['identify', ['ann', { adpot: true }], /no such field/],
  ['clear', [], /clear/],
  ['clear', [{}], /clear is {}; allowed: one of queue, identity/],
  ['clear', [{ queue: 'orders', identity: 'ann' }], /one of queue, identity/],
  ['enqueue', ['/x'], /enqueue: it was given string; allowed: a Request/],
  ['enqueue', [[new URL('https://app.test/x')]], /allowed: a Request/],
];

test.each(WRONG)(
  '%s(%j) rejects with the wrong value, and with what is allowed',
  async (call, args, said) => {
    const { untyped } = await open();
    await expect(untyped[call]?.(...args)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(said),
    });
  },
);

test('subscribe and on throw for a callback that is no function', async () => {
  const { untyped } = await open();
  expect(() => untyped['subscribe']?.('x')).toThrow(/subscribe: the callback is x/);
  expect(() => untyped['on']?.('done')).toThrow(/on: the callback is undefined/);
});

test('a request whose body was read before is unreadable', async () => {
  const { sluice } = await open();
  const read = new Request('https://app.test/orders', { method: 'POST', body: 'x' });
  await read.text();
  await expect(sluice.enqueue(read)).rejects.toMatchObject({ code: 'request-unreadable' });
});

test('a job that waits again says why', async () => {
  const answer = vi.fn(() => new Response(null, { status: 503 }));
  const { sluice, clock } = await testSluice(config, { fetch: answer });
  const { ticket } = await sluice.enqueue(
    new Request('https://app.test/orders', { method: 'POST', body: 'x' }),
  );
  while (answer.mock.calls.length < 1) await clock.advance(50);
  await clock.advance(1);
  const why = { state: 'waiting', detail: 'answered 503', answer: { status: 503 } };
  expect(await sluice.get(ticket)).toMatchObject(why);
  expect((await sluice.list({ queue: 'orders', state: 'waiting' })).jobs).toMatchObject([why]);
});
