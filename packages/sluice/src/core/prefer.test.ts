import { expect, test } from 'vitest';
import { storedPost } from './job.kit.js';
import type { HeaderPairs } from './job.js';
import { respondTo, takePreference } from './prefer.js';

const prefer = (value: string): HeaderPairs => [
  ['Content-Type', 'text/plain'],
  ['Prefer', value],
];
const RECEIPT = { respond: 'receipt', holdMs: 25_000 } as const;
const HOLD = { respond: 'hold', holdMs: 25_000 } as const;
const NOTHING = { respondAsync: false, waitMs: undefined };

test.each([
  ['respond-async', { respondAsync: true, waitMs: undefined }, undefined],
  ['wait=10', { respondAsync: false, waitMs: 10_000 }, undefined],
  ['respond-async, wait="10"', { respondAsync: true, waitMs: 10_000 }, undefined],
  ['wait=1, wait=2', { respondAsync: false, waitMs: 1000 }, undefined],
  ['handling=lenient, WAIT=3', { respondAsync: false, waitMs: 3000 }, 'handling=lenient'],
  ['return=minimal', NOTHING, 'return=minimal'],
  ['wait=soon', NOTHING, 'wait=soon'],
])('Prefer: %s is read, and what is for the service is left', (value, preference, left) => {
  const taken = takePreference({ request: { ...storedPost(), headers: prefer(value) } });
  expect(taken.preference).toEqual(preference);
  expect(taken.captured.request.headers).toEqual(left === undefined ? prefer('').slice(0, 1) : prefer(left));
});

test('the queue decides where the request has no wish', () => {
  expect(respondTo(RECEIPT, NOTHING, 'cors')).toEqual({ holdMs: 0, applied: undefined });
  expect(respondTo(HOLD, NOTHING, 'cors')).toEqual({ holdMs: 25_000, applied: undefined });
});

test('a wish goes before the queue, up to the longest that browsers bear', () => {
  expect(respondTo(HOLD, { ...NOTHING, respondAsync: true }, 'cors')).toEqual({
    holdMs: 0,
    applied: 'respond-async',
  });
  expect(respondTo(RECEIPT, { respondAsync: true, waitMs: 5000 }, 'cors')).toEqual({
    holdMs: 5000,
    applied: 'respond-async, wait=5',
  });
  expect(respondTo(RECEIPT, { ...NOTHING, waitMs: 3_600_000 }, 'cors')).toEqual({
    holdMs: 45_000,
    applied: 'wait=45',
  });
});

test('no-cors never holds: the page could not read the answer', () => {
  expect(respondTo(HOLD, { ...NOTHING, waitMs: 5000 }, 'no-cors')).toEqual({ holdMs: 0, applied: undefined });
});
