import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from './policy.js';
import { newQueueRow } from './queue-row.js';
import { viewOfQueue } from './queue-view.js';

const T0 = 1_700_000_000_000;

test('a queue is frozen for whoever looks before the instant that it is frozen until, and for nobody from then on', () => {
  const row = newQueueRow('orders', DEFAULT_POLICY, 1);
  row.flow = { ...row.flow, gateUntil: T0 + 1000 };
  expect(viewOfQueue(row, T0 + 999).status).toEqual({ kind: 'frozen', until: T0 + 1000 });
  expect(viewOfQueue(row, T0 + 1000).status).toEqual({ kind: 'idle' });
});
