import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SluiceEvent } from '../core/events.js';
import type { Notify } from '../core/ports.js';
import { createChannel } from './channel.js';

const accepted = (n: number): SluiceEvent => ({
  type: 'accepted',
  queue: 'orders',
  ticket: `orders.${n}.n`,
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
