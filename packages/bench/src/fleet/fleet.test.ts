import { expect, test } from 'vitest';
import { simulate } from './fleet.js';
import { fireAll } from './rivals/fire-all.js';
import { serial } from './rivals/serial.js';
import { reconnectBurst } from './scenario.js';
import { summaryOf } from './summary.js';

const small = {
  ...reconnectBurst(100, { capacity: 100 }),
  capacity: 100,
  backlog: 6000,
};

test('the same seed gives the same run, another seed another', () => {
  const run = (seed: number) => summaryOf(simulate(small, serial('requeue'), seed), small);
  expect(run(5)).toEqual(run(5));
  expect(run(5)).not.toEqual(run(6));
});

test('each job ends once: accepted or lost', () => {
  const record = simulate(small, serial('done'), 1);
  expect(record.accepted.total + record.lost).toBe(record.jobs);
  expect(record.lost).toBeGreaterThan(0);
  expect(record.ends.total).toBe(record.jobs);
});

test('a fleet that fires all at once without jitter never gets through, and stops at the cap of sends', () => {
  const capped = { ...small, maxSends: 50_000 };
  const record = simulate(capped, fireAll({ jitter: false }), 1);
  expect(record.isCapped).toBe(true);
  expect(summaryOf(record, capped).t95).toBe(Infinity);
});
