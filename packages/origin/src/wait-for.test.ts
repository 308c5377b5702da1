import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { allRead, ONE_THEN_NONE, order, start } from './origin.kit.js';
import { createRecord } from './record.js';
import { createWaits } from './wait-for.js';

afterEach(() => void vi.useRealTimers());

test('resolves at once for what holds already', async () => {
  const origin = await start();
  await origin.waitFor(({ arrivals }) => arrivals.length === 0);
});

test('resolves when an arrival makes it hold', async () => {
  const origin = await start();
  const both = origin.waitFor(({ arrivals }) => arrivals.filter(({ status }) => status === 200).length === 2);
  await Promise.all([order(origin), order(origin), both]);
});

test('resolves when a body that was read makes it hold', async () => {
  const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE } });
  await order(origin);
  const socket = connect(origin.port, '127.0.0.1');
  socket.write('POST /api/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf');
  await origin.waitFor(({ arrivals }) => arrivals.length === 2);
  const read = origin.waitFor(allRead(2));
  socket.write('half');
  await read;
  expect(origin.arrivals[1]).toMatchObject({ body: 'halfhalf', outcome: 'waiting' });
  socket.destroy();
});

test('leaves no timer behind', async () => {
  vi.useFakeTimers();
  await createWaits(createRecord()).until(() => true, 10);
  expect(vi.getTimerCount()).toBe(0);
});

test('rejects at its deadline with the counts by outcome and the last arrival', async () => {
  const origin = await start();
  await order(origin, 'k1');
  await order(origin, 'k1');
  await expect(origin.waitFor(() => false, 10)).rejects.toMatchObject({
    code: 'wait-expired',
    message:
      'Not so after 10 ms. The origin saw 2 arrivals: 1 accepted, 1 duplicate; the last: POST /api/orders.',
  });
});

test('says so when nothing arrived', async () => {
  const origin = await start();
  await expect(origin.waitFor(() => false, 10)).rejects.toThrow(
    'Not so after 10 ms. The origin saw no arrival.',
  );
});

test('rejects with the error of its predicate', async () => {
  const origin = await start();
  const wait = origin.waitFor(({ arrivals }) => {
    if (arrivals.length === 1) throw new Error('nobody expected this');
    return false;
  });
  await Promise.all([expect(wait).rejects.toThrow('nobody expected this'), order(origin)]);
});

test('rejects when the origin is closed', async () => {
  const origin = await start();
  const wait = origin.waitFor(() => false);
  await Promise.all([expect(wait).rejects.toMatchObject({ code: 'closed' }), origin.close()]);
});
