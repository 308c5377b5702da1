import { expect, test } from 'vitest';
import { sent } from './flow/sent.js';
import { newFlow } from './flow/state.js';
import { DEFAULT_POLICY, flowConfigOf } from './policy.js';
import { newQueueRow, type QueueRow } from './queue-row.js';
import { hasSlot, openingOf, underWay } from './turn.js';

const T0 = 1_700_000_000_000;
const FAST = {
  ...DEFAULT_POLICY,
  concurrency: 20,
  rate: { limit: 200, perMs: 1000, burst: 1 },
};

/** A queue of 200 a second that latency has narrowed to three under way, with a send charged for each 5 ms from `T0` on. */
function narrowed(leases: number): QueueRow {
  const row = newQueueRow('orders', FAST, 1);
  row.flow = newFlow();
  row.flow.latency.cap = 3;
  for (let i = 0; i < leases; i++) row.flow = sent(row.flow, flowConfigOf(FAST), T0 + 5 * i, 1, () => 0.5);
  row.inFlight = leases;
  return row;
}

test('a claim ahead of its turn takes no place among those under way', () => {
  const row = narrowed(10);
  expect(underWay(row, T0)).toBe(2);
  expect(hasSlot(row, T0)).toBe(true);
});

test('once they have left, what latency allows is all there is', () => {
  const row = narrowed(10);
  expect(underWay(row, T0 + 50)).toBe(10);
  expect(openingOf(row, T0 + 50)).toEqual({ kind: 'busy' });
});

test('no claim ahead takes the leases past the concurrency', () => {
  expect(openingOf(narrowed(20), T0)).toEqual({ kind: 'busy' });
  expect(openingOf(narrowed(18), T0)).toEqual({ kind: 'open', slots: 2 });
});

test('a probe is alone, however far ahead it was claimed', () => {
  const row = narrowed(1);
  row.flow.phase = { kind: 'probe', since: T0 - 1000, tries: 0, until: T0 - 1 };
  expect(hasSlot(row, T0 - 100)).toBe(false);
});
