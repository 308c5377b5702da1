import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SluiceEvent } from '../core/events.js';
import type { Notify } from '../core/ports.js';
import { createChannel } from './channel.js';

const accepted = (n: number): SluiceEvent => ({
  type: 'accepted',
  queue: 'orders',
  ticket: `orders.${n}.n`,
  at: n,
});

let teller: Notify;
let listener: BroadcastChannel;
let messages: SluiceEvent[][];

beforeEach(() => {
  const name = crypto.randomUUID();
  messages = [];
  listener = new BroadcastChannel(name);
  listener.onmessage = (message) =>
    messages.push(((message as MessageEvent).data as { events: SluiceEvent[] }).events);
  teller = createChannel(name);
});

afterEach(() => {
  teller.close();
  listener.close();
});

const heard = (count: number) => expect.poll(() => messages.flat().length).toBe(count);

test('what is told in one go is one message to the others', async () => {
  for (let n = 1; n <= 3; n++) teller.tell([accepted(n)]);
  await heard(3);
  expect(messages).toEqual([[accepted(1), accepted(2), accepted(3)]]);
});

test('what is told is heard here at once', () => {
  const own: SluiceEvent[] = [];
  teller.listen((events) => own.push(...events));
  teller.tell([accepted(1)]);
  expect(own).toEqual([accepted(1)]);
});

test('what was told last before the end is still heard', async () => {
  teller.tell([accepted(1)]);
  teller.close();
  await heard(1);
});

test('after the end nothing is told any more, here or to the others', () => {
  vi.useFakeTimers();
  const own: SluiceEvent[] = [];
  teller.listen((events) => own.push(...events));
  teller.close();
  teller.tell([accepted(1)]);
  // A timer that posted to the closed channel would throw.
  vi.runAllTimers();
  vi.useRealTimers();
  expect(own).toEqual([]);
});

test('where the browser hands out no channel, a context hears itself', () => {
  vi.stubGlobal('BroadcastChannel', () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  });
  const alone = createChannel('alone');
  vi.unstubAllGlobals();
  const own: SluiceEvent[] = [];
  alone.listen((events) => own.push(...events));
  alone.tell([accepted(1)]);
  alone.close();
  expect(own).toEqual([accepted(1)]);
});
