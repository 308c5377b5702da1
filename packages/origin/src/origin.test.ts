import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { allRead, ONE_THEN_NONE, order, start } from './origin.kit.js';
import { startOrigin } from './origin.js';

test('refuses connections while down and serves on the same port when up again', async () => {
  const origin = await start();
  await order(origin);
  await origin.down();
  await expect(order(origin)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await origin.up();
  expect((await order(origin)).status).toBe(200);
  expect(origin.url).toBe(`http://127.0.0.1:${origin.port}`);
});

test('stays as it is when told twice', async () => {
  const origin = await start();
  await Promise.all([origin.down(), origin.down()]);
  await origin.down();
  await origin.up();
  await origin.up();
  expect((await order(origin)).status).toBe(200);
});

test('destroys an idle connection when it goes down', async () => {
  const origin = await start();
  const socket = connect(origin.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  await order(origin);
  const closed = once(socket, 'close');
  await origin.down();
  await closed;
});

test('breaks off what waits for capacity when it goes down, undone', async () => {
  const origin = await start({ behaviour: { ratePerSecond: ONE_THEN_NONE } });
  await order(origin);
  const second = order(origin, 'k1');
  await origin.waitFor(allRead(2));
  await Promise.all([expect(second).rejects.toThrow(), origin.down()]);
  await origin.waitFor(({ arrivals }) => arrivals[1]?.outcome === 'reset');
  origin.set({ ratePerSecond: Number.POSITIVE_INFINITY });
  await origin.up();
  expect((await order(origin, 'k1')).headers.get('idempotency-replayed')).toBeNull();
});

test('drops the answers on their way when it goes down', async () => {
  const origin = await start({ behaviour: { baseLatencyMs: 1_000_000 } });
  const late = order(origin);
  await origin.waitFor(allRead(1));
  await Promise.all([expect(late).rejects.toThrow(), origin.down()]);
  await origin.waitFor(({ arrivals }) => arrivals[0]?.outcome === 'dropped');
});

test('names a taken port and what to do', async () => {
  const { port } = await start();
  await expect(startOrigin({ port })).rejects.toMatchObject({
    code: 'port-taken',
    value: port,
    message: `Port ${port} of 127.0.0.1 is taken. Stop what listens there, or give another port (0: any free one).`,
  });
});

test('refuses an invalid behaviour at the start and later, and stays as it was', async () => {
  await expect(startOrigin({ behaviour: { ratePerSecond: -1 } })).rejects.toMatchObject({
    code: 'behaviour-invalid',
  });
  const origin = await start({ behaviour: { ratePerSecond: 7 } });
  expect(() => origin.set({ queueLimit: 3, ratePerSecond: 0 })).toThrow('ratePerSecond (given 0)');
  expect(origin.behaviour).toMatchObject({ ratePerSecond: 7, queueLimit: 100 });
});

test('tells of an arrival at its receipt until told to stop', async () => {
  const origin = await start();
  const heard: [number, string][] = [];
  const stop = origin.onArrival(({ n, outcome }) => heard.push([n, outcome]));
  await order(origin);
  stop();
  await order(origin);
  expect(heard).toEqual([[1, 'waiting']]);
});

test('serves two hundred requests at once and records each of them once', async () => {
  const origin = await start();
  await Promise.all(Array.from({ length: 200 }, (_, index) => order(origin, `k${index}`)));
  expect(new Set(origin.arrivals.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(200);
  expect(
    origin.arrivals.every(
      ({ outcome }, index) => outcome === 'accepted' && origin.arrivals[index]?.n === index + 1,
    ),
  ).toBe(true);
});
