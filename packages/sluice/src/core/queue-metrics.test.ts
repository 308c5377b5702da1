import { expect, test } from 'vitest';
import { event } from './flow/event.js';
import { DEFAULT_POLICY } from './policy.js';
import { metricsOf } from './queue-metrics.js';
import { newQueueRow } from './queue-row.js';

const T0 = 1_700_000_000_000;

test('the pause of a client that wakes is no time that the service has held the queue', () => {
  const row = newQueueRow('orders', DEFAULT_POLICY, T0);
  row.flow = event(row.flow, T0, 'resume', () => 0.9);
  expect(row.flow.gateUntil).toBeGreaterThan(T0);
  expect(metricsOf(row, T0)).toMatchObject({ frozenMs: 0 });
});
