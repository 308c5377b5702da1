import { expect, test } from 'vitest';
import { order, start } from './origin.fixture.js';

test('resolves at once for what holds already', async () => {
  const origin = await start();
  await origin.waitFor(({ arrivals }) => arrivals.length === 0);
});

test('resolves when an arrival makes it hold', async () => {
  const origin = await start();
  const both = origin.waitFor(({ arrivals }) => arrivals.filter(({ status }) => status === 200).length === 2);
  await Promise.all([order(origin), order(origin), both]);
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
