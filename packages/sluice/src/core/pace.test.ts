import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  boundingSend,
  charge,
  countedAt,
  FRESH_PACE,
  isFromAnotherClock,
  nextSendAt,
  type Pace,
  refund,
  treatAsFull,
} from './pace.js';
import { marginMsOf, type Rate } from './policy.js';

/** The log and the state of one pace, sent through by hand. */
class Sender {
  pace: Pace = FRESH_PACE;
  readonly log: number[] = [];
  readonly rate: Required<Rate>;

  constructor(rate: Required<Rate>) {
    this.rate = rate;
  }

  nextAt(now: number): number {
    const bound = boundingSend(this.pace, this.rate);
    return nextSendAt(this.pace, this.rate, {
      boundAt: bound === undefined ? undefined : this.log[bound],
      now,
    });
  }

  /** Claims as an engine does: for instants from `now + leadMs` on, what falls due within the next 25 ms. */
  claim(now: number, leadMs: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = this.nextAt(now + leadMs);
      if (at > now + leadMs + 25) return;
      this.log[this.pace.n] = at;
      this.pace = charge(this.pace, this.rate, { at });
    }
  }

  /** Sends what may be sent at `now`, at most `count`. */
  send(now: number, count = Number.POSITIVE_INFINITY): number {
    let sent = 0;
    while (sent < count && this.nextAt(now) <= now) {
      this.log[this.pace.n] = now;
      this.pace = charge(this.pace, this.rate, { at: now });
      sent += 1;
    }
    return sent;
  }
}

const rates = fc
  .record({
    limit: fc.integer({ min: 1, max: 60 }),
    perMs: fc.integer({ min: 100, max: 5000 }),
    burst: fc.nat(),
  })
  .map(({ limit, perMs, burst }) => ({ limit, perMs, burst: 1 + (burst % limit) }));

test('spaces sends evenly, and a burst goes back to back', () => {
  const even = new Sender({ limit: 5, perMs: 1000, burst: 1 });
  expect(even.send(0)).toBe(1);
  // 210 ms apart, less the tolerance of 10 ms that any timer needs.
  expect(even.nextAt(0)).toBe(200);
  const bursting = new Sender({ limit: 5, perMs: 1000, burst: 3 });
  expect(bursting.send(0)).toBe(3);
});

test('a burst spends the window: what is spent early is not spent again', () => {
  const sender = new Sender({ limit: 4, perMs: 1000, burst: 4 });
  expect(sender.send(0)).toBe(4);
  expect(sender.nextAt(0)).toBe(1050);
});

test('without a rate there is no wait', () => {
  expect(nextSendAt(FRESH_PACE, null, { boundAt: undefined, now: 7 })).toBe(7);
});

test('never faster: no window holds more than limit, each charged ahead by any lead and late by up to the margin', () => {
  const step = fc.record({
    gap: fc.integer({ min: 0, max: 100 }),
    leadMs: fc.integer({ min: 0, max: 700 }),
    count: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(rates, fc.array(step, { minLength: 50, maxLength: 300 }), fc.nat(), (rate, steps, seed) => {
      const sender = new Sender(rate);
      let now = 0;
      for (const { gap, leadMs, count } of steps) {
        sender.claim(now, leadMs, count);
        now += gap;
      }
      const lateness = marginMsOf(rate);
      const left = sender.log.map((at, i) => at + (((seed + i * 7919) % 1000) / 1000) * lateness);
      const sorted = left.toSorted((x, y) => x - y);
      const spans = sorted.slice(rate.limit).map((at, i) => at - (sorted[i] ?? at));
      expect(Math.min(Number.POSITIVE_INFINITY, ...spans)).toBeGreaterThanOrEqual(rate.perMs - 1e-6);
    }),
    { numRuns: 500 },
  );
});

test('the log never runs back, however the lead changes', () => {
  const sender = new Sender({ limit: 10, perMs: 1000, burst: 5 });
  sender.claim(0, 500, 1);
  const last = sender.log.at(-1) ?? 0;
  sender.claim(10, 0, 1);
  expect(sender.nextAt(10)).toBeGreaterThanOrEqual(last);
  expect(sender.log).toEqual(sender.log.toSorted((x, y) => x - y));
});

test('a call that comes late releases no more than the burst and what one tolerance allows', () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 0, max: 100_000 }), (rate, lateMs) => {
      const sender = new Sender(rate);
      sender.send(0);
      const spacing = (rate.perMs + marginMsOf(rate)) / rate.limit;
      expect(sender.send(lateMs)).toBeLessThanOrEqual(rate.burst + Math.ceil(10 / spacing));
    }),
  );
});

test('a saturated pace uses its rate', () => {
  fc.assert(
    fc.property(rates, (rate) => {
      const sender = new Sender(rate);
      const spanMs = 20 * rate.perMs;
      let now = 0;
      while (now <= spanMs) {
        sender.send(now, 1);
        now = Math.max(now, sender.nextAt(now));
      }
      const ideal = (spanMs * rate.limit) / (rate.perMs + marginMsOf(rate));
      expect(sender.log.length).toBeGreaterThanOrEqual(Math.floor(0.97 * ideal));
    }),
  );
});

test('instants that lie ahead were written under another clock, and a window is waited for, no longer', () => {
  const rate = { limit: 3, perMs: 1000, burst: 3 };
  const sender = new Sender(rate);
  sender.send(1_000_000);
  expect(isFromAnotherClock(sender.pace, 990_000)).toBe(false);
  expect(isFromAnotherClock(sender.pace, 500)).toBe(true);
  sender.pace = treatAsFull(sender.pace, rate, 500);
  expect(boundingSend(sender.pace, rate)).toBeUndefined();
  expect(sender.nextAt(500)).toBe(1550);
});

test('no window is over the rate by true time, whichever clocks take turns, less than a second apart', () => {
  const offsets = fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 3, maxLength: 3 });
  const turns = fc.array(fc.record({ who: fc.nat(2), pauseMs: fc.nat(1500), sends: fc.nat(8) }), {
    minLength: 2,
    maxLength: 12,
  });
  fc.assert(
    fc.property(rates, offsets, turns, (rate, offsetsMs, plan) => {
      let pace: Pace = FRESH_PACE;
      let trueNow = 1_000_000;
      const log: number[] = [];
      const sentAt: number[] = [];
      for (const { who, pauseMs, sends } of plan) {
        const [by, offsetMs] = [`context ${who}`, offsetsMs[who] ?? 0];
        trueNow += pauseMs;
        for (let i = 0; i < sends; i++) {
          const n = boundingSend(pace, rate);
          const boundAt = n === undefined ? undefined : countedAt(pace, { n, at: log[n] ?? 0 }, by);
          const at = nextSendAt(pace, rate, { boundAt, now: trueNow + offsetMs, by });
          log[pace.n] = at;
          pace = charge(pace, rate, { at, by });
          trueNow = at - offsetMs;
          sentAt.push(trueNow);
        }
      }
      sentAt.sort((a, b) => a - b);
      for (const [i, at] of sentAt.entries()) {
        const other = sentAt[i + rate.limit];
        if (other !== undefined) expect(other - at).toBeGreaterThanOrEqual(rate.perMs);
      }
    }),
  );
});

test('a context that charges alone loses nothing to the clocks of others', () => {
  const rate = { limit: 2, perMs: 1000, burst: 2 };
  let pace = charge(FRESH_PACE, rate, { at: 5000, by: 'a' });
  pace = charge(pace, rate, { at: 5000, by: 'b' });
  const nextFor = (by: string): number => {
    const boundAt = countedAt(pace, { n: 0, at: 5000 }, by);
    return nextSendAt(pace, rate, { boundAt, now: 5100, by });
  };
  expect(nextFor('b'), 'the first was charged by another').toBe(7050);
  pace = charge(pace, rate, { at: 7050, by: 'b' });
  const boundAt = countedAt(pace, { n: 1, at: 5000 }, 'b');
  expect(nextSendAt(pace, rate, { boundAt, now: 7050, by: 'b' }), 'its own').toBe(7050);
});

test('a refund leaves the pace as if the send had never been charged', () => {
  const sends = fc.array(
    fc.record({ pauseMs: fc.integer({ min: 0, max: 3000 }), units: fc.integer({ min: 1, max: 3 }) }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(rates, sends, fc.nat(), (rate, plan, pick) => {
      let at = 1000;
      const charged = plan.map(({ pauseMs, units }) => ({ at: (at += pauseMs), units }));
      const paceOf = (log: typeof charged) =>
        log.reduce((pace, send) => charge(pace, rate, send), { ...FRESH_PACE, tat: 1000 });
      const index = pick % charged.length;
      const { units } = charged[index] ?? { units: 0 };
      const refunded = refund(paceOf(charged), rate, units, charged.slice(index + 1));
      const never = paceOf(charged.toSpliced(index, 1));
      expect(refunded.n).toBe(never.n);
      // From the last instant on: before it, nothing can leave.
      expect(Math.max(refunded.tat, at)).toBeCloseTo(Math.max(never.tat, at), 3);
    }),
  );
});
