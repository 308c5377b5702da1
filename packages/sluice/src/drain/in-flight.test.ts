import { beforeEach, expect, test } from 'vitest';
import type { Job } from '../core/job.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import type { AttemptControl, Claim, Store } from '../core/ports.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createInFlight, type InFlight } from './in-flight.js';

const LEASE_MS = 3000;

let clock: FakeClock;
let control: AttemptControl;
let renewed: string[];
let renew: Store['renew'];
let inFlight: InFlight;

beforeEach(() => {
  clock = new FakeClock();
  renewed = [];
  renew = async ({ leaseId }) => {
    renewed.push(leaseId);
    return 'held';
  };
  inFlight = createInFlight({
    clock,
    store: { renew: (leased, until) => renew(leased, until) },
    dispatch: (_, given) => {
      control = given;
      return new Promise(() => undefined);
    },
    isHeld: () => false,
    onEnd: () => undefined,
    onPrepared: () => undefined,
  });
});

function claim(seq: number, riders: Claim[] = []): Claim {
  const leaseUntil = clock.now() + LEASE_MS;
  return {
    job: { seq, ticket: `orders.${seq}.n` } as Job,
    leaseId: `e/orders/1/${seq}`,
    leaseUntil,
    n: 0,
    sendAt: clock.now(),
    latestAt: Number.POSITIVE_INFINITY,
    policy: { ...DEFAULT_POLICY, leaseMs: LEASE_MS },
    credentials: 0,
    riders,
  };
}

test('a send whose lease has ended does not begin', async () => {
  renew = () => Promise.reject(new Error('disk'));
  inFlight.begin(claim(1));
  await clock.advance(LEASE_MS - 1);
  expect(control.mayBegin()).toBe('yes');
  await clock.advance(1);
  expect(control.mayBegin()).toBe('lease-lost');
});

test('a send whose lease is renewed may begin later', async () => {
  inFlight.begin(claim(1));
  await clock.advance(2 * LEASE_MS);
  expect(control.mayBegin()).toBe('yes');
});

test('a send that is late does not begin where its job is gone, or its lease lost', async () => {
  for (const [state, why] of [
    ['recalled', 'stopped'],
    ['lost', 'lease-lost'],
  ] as const) {
    inFlight.begin(claim(1));
    renew = async () => state;
    await clock.advance(501);
    await control.confirm();
    expect(control.mayBegin()).toBe(why);
  }
});

test('a send that is late begins where its job is there, and one in time is not looked at', async () => {
  inFlight.begin(claim(1));
  await clock.advance(500);
  await control.confirm();
  expect(renewed).toEqual([]);
  await clock.advance(1);
  await control.confirm();
  expect(renewed).toEqual(['e/orders/1/1']);
  expect(control.mayBegin()).toBe('yes');
});

test('as a page is left what has begun goes on, and what has not is not sent', async () => {
  inFlight.begin(claim(1));
  const begun = control;
  begun.mayBegin();
  inFlight.begin(claim(2));
  inFlight.leave();
  expect(begun.signal.aborted).toBe(false);
  expect(control.mayBegin()).toBe('stopped');
  expect(inFlight.leases).toEqual(['e/orders/1/2']);
});

test('each job of a batch has its lease renewed', async () => {
  inFlight.begin(claim(1, [claim(2), claim(3)]));
  await clock.advance(LEASE_MS / 3);
  expect(renewed).toEqual(['e/orders/1/1', 'e/orders/1/2', 'e/orders/1/3']);
});

test('a send stops once all its jobs are recalled, not for one of them', async () => {
  renew = async ({ job }) => (job.seq === 2 ? 'recalled' : 'held');
  inFlight.begin(claim(1, [claim(2)]));
  await inFlight.check();
  expect(control.signal.aborted).toBe(false);
  renew = async () => 'recalled';
  await inFlight.check();
  expect(control.signal.aborted).toBe(true);
});
