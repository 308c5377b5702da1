import { expect, test } from 'vitest';
import { SendLog } from './send-log.js';

const rate = { limit: 2, perMs: 1000, burst: 2 };

test('a full window opens a margin after its oldest send has left it', () => {
  const log = new SendLog(rate);
  for (const at of [1000, 1300]) {
    expect(log.nextAt(at)).toBe(at);
    log.charge(at);
  }
  expect(log.nextAt(1400)).toBe(2050);
});

test('a log that another clock wrote counts as full for one window', () => {
  const log = new SendLog(rate);
  log.charge(50_000);
  log.restart(1000);
  expect(log.nextAt(1000)).toBe(2050);
  log.restart(1500);
  expect(log.nextAt(1500)).toBe(2050);
});
