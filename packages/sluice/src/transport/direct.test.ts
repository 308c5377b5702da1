import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { capture } from './capture.js';
import { direct } from './direct.js';

const refusal = { status: 503, code: 'queue-full', title: 'The queue is full', detail: 'Try again later.' };
const request = () => capture(new Request('https://app.test/orders', { method: 'POST', body: 'an order' }));

async function letThrough() {
  const clock = new FakeClock();
  const sent: Request[] = [];
  const caller = new AbortController();
  const at = clock.now() + 5000;
  const turn = { at, latestAt: at + 50, credentials: 0 };
  const response = direct({ kind: 'direct', turn, owner: 1, refusal }, await request(), {
    clock,
    fetch: async (replay, init) => {
      sent.push(new Request(replay, init));
      return new Response();
    },
    currentOwner: async () => 1,
    signal: caller.signal,
  });
  return { clock, sent, caller, response };
}

test('an abort before its instant ends the wait, and nothing is sent', async () => {
  const { sent, caller, response } = await letThrough();
  caller.abort(new Error('enough'));
  await expect(response).rejects.toThrow('enough');
  expect(sent).toEqual([]);
});

test('an abort once it is sent reaches the network', async () => {
  const { clock, sent, caller, response } = await letThrough();
  await clock.advance(5000);
  await response;
  caller.abort();
  expect(sent[0]?.signal.aborted).toBe(true);
});
