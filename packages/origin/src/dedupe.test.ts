import { expect, test } from 'vitest';
import { order, start } from './origin.kit.js';

test('gives the first answer again to a known key, says so, and counts it', async () => {
  const origin = await start();
  const first = await order(origin, 'k1');
  const second = await order(origin, '"k1"');
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await second.json()).toEqual(await first.json());
  expect(origin.arrivals.map(({ outcome }) => outcome)).toEqual(['accepted', 'duplicate']);
  expect(origin.duplicates).toBe(1);
});

test('gives the first answer again even when another was fixed meanwhile', async () => {
  const origin = await start({ behaviour: { answer: { status: 201, body: 'made' } } });
  await order(origin, 'k1');
  origin.set({ answer: { status: 422 } });
  const second = await order(origin, 'k1');
  expect([second.status, await second.text()]).toEqual([201, 'made']);
});

test('does the work after a refusal: a refusal is no first answer', async () => {
  const origin = await start({ behaviour: { answer: { status: 422 } } });
  await order(origin, 'k1');
  origin.set({ answer: undefined });
  expect((await order(origin, 'k1')).status).toBe(200);
  expect(origin.arrivals.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted']);
});

test('does the work each time for requests without a key', async () => {
  const origin = await start();
  await order(origin);
  await order(origin);
  expect(origin.arrivals.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
});

test('does the work each time when told not to dedupe', async () => {
  const origin = await start({ behaviour: { dedupe: false } });
  await order(origin, 'k1');
  await order(origin, 'k1');
  expect(origin.arrivals.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
  expect(origin.duplicates).toBe(0);
});

test('remembers the work, though not the arrivals, after it was cleared', async () => {
  const origin = await start();
  await order(origin, 'k1');
  await order(origin, 'k1');
  origin.clear();
  expect([origin.arrivals.length, origin.duplicates]).toEqual([0, 0]);
  await order(origin, 'k1');
  expect(origin.arrivals.map(({ n, outcome }) => [n, outcome])).toEqual([[3, 'duplicate']]);
});
