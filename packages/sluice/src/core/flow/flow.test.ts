import { describe, expect, test } from 'vitest';
import { budgetAfter, retriesLeft } from './budget.js';
import { decide } from './decide.js';
import { event } from './event.js';
import { observe, type Outcome } from './observe.js';
import { sent } from './sent.js';
import { capOf, type Flow, type FlowConfig, newFlow, rateOf } from './state.js';

const T0 = 1_700_000_000_000;

const CONFIGURED: FlowConfig = {
  ceilingPerSecond: 10,
  isConfigured: true,
  burst: 2,
  concurrency: 6,
  adaptive: true,
};
const OWN: FlowConfig = { ...CONFIGURED, ceilingPerSecond: 20, isConfigured: false, burst: 10 };

/** One client under a clock moved by hand, and chance in the middle. */
class Client {
  flow: Flow = newFlow();
  now = T0;
  inFlight = 0;
  chance = 0.5;
  readonly config: FlowConfig;

  constructor(config: FlowConfig = CONFIGURED) {
    this.config = config;
  }

  decide(queued = 100) {
    return decide(this.flow, this.config, this.now, { queued, inFlight: this.inFlight });
  }

  send(n = 1): void {
    this.flow = sent(this.flow, this.config, this.now, n, () => this.chance);
  }

  retry(n: number): void {
    this.flow = { ...this.flow, budget: budgetAfter(this.flow, this.now, { sent: n }) };
  }

  /** One send that is answered at once, as said. */
  end(kind: Outcome['kind'], change: Partial<Outcome> = {}): void {
    const outcome = { kind, sentAt: this.now, rttMs: 50, endsRetry: false, ...change };
    this.flow = observe(this.flow, this.config, this.now, outcome, 0, () => this.chance);
  }

  /** Sends when it may, for so long, and every send is answered so after `rttMs`. */
  run(ms: number, kind: Outcome['kind'] = 'accepted', rttMs = 50): number {
    const until = this.now + ms;
    let sends = 0;
    while (this.now < until) {
      const decision = this.decide();
      if (decision.kind === 'wait') {
        this.now = Math.min(until, decision.until);
        continue;
      }
      this.send();
      sends += 1;
      const sentAt = this.now;
      this.now += rttMs;
      this.end(kind, { sentAt, rttMs });
    }
    return sends;
  }

  rate(): number {
    return rateOf(this.flow, this.config, this.now);
  }
}

describe('with a configured rate', () => {
  test('starts at it, and adds no spacing of its own', () => {
    const client = new Client();
    expect(client.rate()).toBe(10);
    client.send();
    client.send();
    expect(client.decide()).toMatchObject({ kind: 'send', n: 6 });
  });

  test('never passes it, however much is accepted', () => {
    const client = new Client();
    client.run(600_000);
    expect(client.rate()).toBe(10);
  });

  test('a rejection cuts it by relative steps, once a round trip, and successes bring it back', () => {
    const client = new Client();
    const sentAt = client.now;
    client.now += 100;
    client.end('rejected', { sentAt });
    expect(client.rate()).toBeCloseTo(6);
    client.end('rejected', { sentAt });
    expect(client.rate()).toBeCloseTo(6);
    client.now += 100;
    client.end('rejected');
    expect(client.rate()).toBeCloseTo(3.9);
    client.run(120_000);
    expect(client.rate()).toBe(10);
  });

  test('falls far below one a second, and no further than two a minute', () => {
    const client = new Client();
    client.run(3_600_000, 'rejected');
    expect(client.rate()).toBeCloseTo(1 / 30);
  });

  test('is not cut below half of what the service was seen to accept', () => {
    const client = new Client();
    client.run(60_000);
    for (let i = 0; i < 5; i++) {
      client.now += 10;
      client.end('rejected');
    }
    expect(client.rate()).toBeGreaterThan(3);
  });

  test('spaces unevenly below it, so that clients which began together do not stay together', () => {
    const [early, late] = [new Client(), new Client()];
    early.chance = 0;
    late.chance = 0.99;
    for (const client of [early, late]) {
      client.end('rejected');
      for (let i = 0; i < 4; i++) client.send();
    }
    const untilOf = (client: Client) => (client.decide() as { until: number }).until;
    expect(untilOf(late)).toBeGreaterThan(untilOf(early) + 100);
  });

  test('adaptive: false leaves rate and sends in flight alone', () => {
    const client = new Client({ ...CONFIGURED, adaptive: false });
    for (let i = 0; i < 9; i++) client.end('rejected');
    client.run(5000, 'accepted', 2000);
    expect(client.rate()).toBe(10);
    expect(capOf(client.flow, client.config)).toBe(6);
  });
});

describe('without a configured rate', () => {
  test('starts at half its ceiling with a burst, and doubles while it is held back', () => {
    const client = new Client(OWN);
    expect(client.rate()).toBe(10);
    expect(client.decide()).toMatchObject({ kind: 'send', n: 6 });
    client.run(3000);
    expect(client.rate()).toBe(20);
  });

  test('does not grow while nothing holds it back', () => {
    const client = new Client(OWN);
    for (let i = 0; i < 20; i++) {
      client.now += 5000;
      client.send();
      client.end('accepted');
    }
    expect(client.rate()).toBe(10);
  });

  test('a late timer sends one burst at most, never what it has missed', () => {
    const client = new Client(OWN);
    client.inFlight = -1000;
    client.send(10);
    client.now += 3_600_000;
    expect(client.decide(1000)).toMatchObject({ kind: 'send', n: 10 });
  });

  test('an instant that another clock has written holds nobody for ever', () => {
    const client = new Client(OWN);
    client.now += 86_400_000;
    client.send(10);
    client.now = T0;
    const { until } = client.decide() as { until: number };
    expect(until - T0).toBeLessThan(5000);
  });
});

describe('in an outage', () => {
  const down = (client: Client, ends = 5): void => {
    for (let i = 0; i < ends; i++) client.end('outage');
  };

  test('five ends in a row lead to one send at a time, after a pause; an answer between them does not', () => {
    const client = new Client();
    down(client, 4);
    client.end('final');
    down(client, 4);
    expect(client.flow.phase.kind).toBe('steady');
    down(client, 1);
    expect(client.decide()).toEqual({ kind: 'wait', until: T0 + 4000, why: 'probe' });
    client.now += 4000;
    expect(client.decide()).toEqual({ kind: 'send', n: 1, maxRetries: 1 });
    client.inFlight = 1;
    expect(client.decide()).toEqual({ kind: 'hold' });
  });

  test('so does half of ten recent ends', () => {
    const client = new Client();
    for (let i = 0; i < 5; i++) {
      client.end('accepted');
      client.end('outage');
    }
    expect(client.flow.phase.kind).toBe('probe');
  });

  test('rejections alone never do', () => {
    const client = new Client();
    for (let i = 0; i < 50; i++) client.end('rejected');
    expect(client.flow.phase.kind).toBe('steady');
  });

  test('the pause grows with each try and with the age of the outage, five minutes and a half at most', () => {
    const client = new Client();
    down(client);
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      const { until } = client.decide() as { until: number };
      pauses.push(until - client.now);
      client.now = until;
      client.end('outage');
    }
    expect(pauses.slice(0, 4)).toEqual([4000, 8000, 16_000, 30_000]);
    client.now += 86_400_000;
    client.chance = 0.99;
    client.end('outage');
    const { until } = client.decide() as { until: number };
    expect(until - client.now).toBeLessThanOrEqual(450_000);
  });

  test('what was sent before the probe says nothing new', () => {
    const client = new Client();
    down(client);
    const { phase } = client.flow;
    client.end('outage', { sentAt: T0 - 1000 });
    expect(client.flow.phase).toBe(phase);
  });

  test('a probe that is rejected has found a crowd, and goes on probing', () => {
    const client = new Client();
    down(client);
    client.now += 4000;
    client.end('rejected');
    expect(client.flow.phase).toMatchObject({ kind: 'probe', tries: 1 });
  });

  test('the first answer ends it: slowly at first, two in flight, and doubling to the old rate', () => {
    const client = new Client();
    down(client);
    client.now += 4000;
    client.end('accepted');
    expect(client.rate()).toBeCloseTo(10 / 8);
    expect(capOf(client.flow, client.config)).toBe(2);
    client.run(20_000);
    expect(client.rate()).toBe(10);
    expect(client.flow.phase.kind).toBe('steady');
  });

  test('a nudge probes at once', () => {
    const client = new Client();
    down(client);
    client.flow = event(client.flow, client.now, 'nudge', () => 0.5);
    expect(client.decide()).toMatchObject({ kind: 'send', n: 1 });
  });

  test('a nudge while a probe is under way is not undone by its failure', () => {
    const client = new Client();
    down(client);
    client.now += 4000;
    const sentAt = client.now;
    client.send();
    client.now += 500;
    client.flow = event(client.flow, client.now, 'nudge', () => 0.5);
    client.now += 500;
    client.end('outage', { sentAt });
    expect(client.decide()).toMatchObject({ kind: 'send', n: 1 });
  });
});

describe('who comes back online', () => {
  test('begins with a probe, the wider apart the longer it was away', () => {
    for (const [awayMs, spreadMs] of [
      [20_000, 2000],
      [100_000, 10_000],
      [86_400_000, 30_000],
    ] as const) {
      const client = new Client();
      client.flow = event(client.flow, T0 - awayMs, 'offline', () => 0);
      client.flow = event(client.flow, T0, 'online', () => 0.5);
      expect(client.decide()).toMatchObject({ kind: 'wait', until: T0 + spreadMs / 2, why: 'probe' });
    }
  });

  test('goes on as before after a blink of the network, spread a little', () => {
    const client = new Client();
    client.flow = event(client.flow, T0 - 5000, 'offline', () => 0);
    client.flow = event(client.flow, T0, 'online', () => 0.5);
    expect(client.decide()).toEqual({ kind: 'wait', until: T0 + 1000, why: 'gate' });
    client.now += 1000;
    expect(client.decide()).toMatchObject({ kind: 'send', n: 6 });
  });

  test('hears of it in every tab, and begins once', () => {
    const client = new Client();
    client.flow = event(client.flow, T0 - 20_000, 'offline', () => 0);
    client.flow = event(client.flow, T0, 'online', () => 0.25);
    client.flow = event(client.flow, T0, 'online', () => 0.9);
    expect(client.decide()).toMatchObject({ kind: 'wait', until: T0 + 500 });
  });
});

describe('hints', () => {
  test('are a lower bound: the wait that was asked for, and jitter on top', () => {
    const client = new Client();
    client.end('rejected', { hint: { notBeforeMs: 10_000 } });
    expect(client.decide()).toEqual({ kind: 'wait', until: T0 + 12_500, why: 'gate' });
  });

  test('never shorten a wait, and never hold for more than ten minutes', () => {
    const client = new Client();
    client.end('rejected', { hint: { notBeforeMs: 10_000 } });
    client.end('rejected', { hint: { notBeforeMs: 0 } });
    expect(client.decide()).toMatchObject({ until: T0 + 12_500 });
    client.end('rejected', { hint: { notBeforeMs: 1e12 } });
    expect(client.decide()).toMatchObject({ until: T0 + 600_000 });
  });

  test('what is left is spread over the time until there is more', () => {
    const client = new Client();
    client.end('accepted', { hint: { remaining: 20, resetMs: 10_000 } });
    expect(client.rate()).toBe(2);
    client.now += 10_000;
    expect(client.rate()).toBe(10);
  });

  test('nothing left holds the queue until the window opens', () => {
    const client = new Client();
    client.end('accepted', { hint: { remaining: 0, resetMs: 10_000 } });
    const { until } = client.decide() as { until: number };
    expect(until - T0).toBeGreaterThanOrEqual(10_000);
    expect(until - T0).toBeLessThanOrEqual(15_000);
  });

  test('what was told holds no send for longer than it was told', () => {
    const client = new Client(OWN);
    client.end('accepted', { hint: { remaining: 1, resetMs: 3_600_000 } });
    client.send();
    expect(client.decide()).toMatchObject({ kind: 'wait', why: 'rate' });
    client.now += 3_600_000 + 200;
    expect(client.decide()).toMatchObject({ kind: 'send' });
  });

  test.each([
    ['one is left for an hour', { remaining: 1, resetMs: 3_600_000 }],
    ['none is left for an hour', { remaining: 0, resetMs: 3_600_000 }],
    ['the quota is one a day', { quota: 1, windowMs: 86_400_000 }],
    ['they ask for a day', { notBeforeMs: 86_400_000 }],
  ])('hold no send for more than ten minutes: %s', (_, hint) => {
    for (const config of [CONFIGURED, OWN]) {
      const client = new Client(config);
      client.chance = 0.99;
      const sentAt: number[] = [];
      while (client.now < T0 + 4 * 3_600_000) {
        const decision = client.decide();
        if (decision.kind === 'wait') {
          client.now = decision.until;
          continue;
        }
        sentAt.push(client.now);
        client.send();
        client.now += 50;
        client.end('rejected', { hint });
      }
      sentAt.push(client.now);
      const gaps = sentAt.slice(1).map((at, i) => at - (sentAt[i] as number));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(600_000 + 50);
    }
  });

  test.each(['accepted', 'final'] as const)('of what was %s Retry-After holds nothing', (kind) => {
    const client = new Client();
    client.end(kind, { hint: { notBeforeMs: 30_000 } });
    expect(client.decide()).toMatchObject({ kind: 'send' });
  });

  test('a quota alone is a ceiling at twice its pace, never a target', () => {
    const client = new Client();
    client.end('accepted', { hint: { quota: 60, windowMs: 60_000 } });
    expect(client.rate()).toBe(2);
  });
});

describe('the sends in flight', () => {
  test('fall when answers get slow, and come back when they are fast again', () => {
    const client = new Client({ ...OWN, ceilingPerSecond: 1000 });
    const answer = (rttMs: number, count: number): void => {
      for (let i = 0; i < count; i++) {
        client.now += 100;
        client.flow = observe(
          client.flow,
          client.config,
          client.now,
          { kind: 'accepted', sentAt: client.now - rttMs, rttMs, endsRetry: false },
          5,
          () => 0.5,
        );
      }
    };
    answer(50, 100);
    expect(capOf(client.flow, client.config)).toBe(6);
    answer(1000, 300);
    expect(capOf(client.flow, client.config)).toBe(3);
    answer(50, 600);
    expect(capOf(client.flow, client.config)).toBe(6);
  });

  test('take no notice of rejections, which are fast and say nothing of the line behind the service', () => {
    const client = new Client();
    const { latency } = client.flow;
    for (let i = 0; i < 50; i++) client.end('rejected', { rttMs: 1 });
    expect(client.flow.latency).toBe(latency);
  });
});

describe('the retry budget', () => {
  test('is spent by retries, and filled by a fifth of what succeeds and by time', () => {
    const client = new Client();
    client.flow = { ...client.flow, budget: { left: 10, at: T0 } };
    client.retry(8);
    expect(retriesLeft(client.flow, client.now)).toBe(2);
    for (let i = 0; i < 5; i++) client.end('accepted');
    expect(retriesLeft(client.flow, client.now)).toBeCloseTo(3);
    client.now += 30_000;
    expect(retriesLeft(client.flow, client.now)).toBeCloseTo(6);
    client.now += 3_600_000;
    expect(retriesLeft(client.flow, client.now)).toBe(10);
  });

  test('is given back by a retry whose job ends with it, and not by one that fails again', () => {
    const client = new Client();
    const leftAfter = (kind: Outcome['kind'], endsRetry: boolean): number => {
      client.flow = { ...client.flow, budget: { left: 1, at: T0 } };
      client.retry(1);
      client.end(kind, { endsRetry });
      return retriesLeft(client.flow, client.now);
    };
    expect(leftAfter('accepted', true)).toBeCloseTo(1.2);
    expect(leftAfter('final', true)).toBe(1);
    expect(leftAfter('failed', false)).toBe(0);
  });

  test('is never below zero, and tells how many of the next sends may be retries', () => {
    const client = new Client();
    client.flow = { ...client.flow, budget: { left: 1.5, at: T0 } };
    expect(client.decide()).toMatchObject({ maxRetries: 1 });
    client.retry(4);
    expect(client.decide()).toMatchObject({ maxRetries: 0 });
  });
});

test('the state is plain data, a few dozen numbers however long it runs', () => {
  const client = new Client(OWN);
  client.run(600_000);
  expect(structuredClone(client.flow)).toEqual(client.flow);
  expect(leavesOf(client.flow)).toBeLessThanOrEqual(37);
});

/** At 8 bytes a number: 300 bytes. */
function leavesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + leavesOf(part), 0);
}

describe('a clock that goes back by a day', () => {
  const DAY_MS = 86_400_000;
  const setBack = (client: Client): void => {
    client.now -= DAY_MS;
    client.flow = event(client.flow, client.now, 'resume', () => 0);
  };

  test('holds a queue that probes for ten minutes at most', () => {
    const client = new Client();
    for (let i = 0; i < 5; i++) client.end('outage');
    setBack(client);
    client.now += 600_000;
    expect(client.decide()).toEqual({ kind: 'send', n: 1, maxRetries: 1 });
  });

  test('leaves nothing of what was told', () => {
    const client = new Client();
    client.end('accepted', { hint: { remaining: 1, resetMs: 60_000 } });
    setBack(client);
    expect(client.rate()).toBe(10);
  });

  test('holds none by its spacing', () => {
    const client = new Client(OWN);
    client.send(100);
    setBack(client);
    expect(client.decide()).toMatchObject({ kind: 'send' });
  });

  test('leaves the rate to be cut and to grow, and the retries to come back', () => {
    const client = new Client();
    client.end('rejected');
    client.retry(10);
    setBack(client);
    const cut = client.rate();
    client.now += 10_000;
    client.end('rejected');
    expect(client.rate()).toBeLessThan(cut);
    client.run(60_000);
    expect(client.rate()).toBeGreaterThan(cut);
    expect(retriesLeft(client.flow, client.now)).toBe(10);
  });
});

test('after an outage a low rate is taken up again as it was', () => {
  const client = new Client({ ...CONFIGURED, ceilingPerSecond: 1 / 60 });
  for (let i = 0; i < 5; i++) client.end('outage');
  client.now += 60_000;
  client.end('accepted');
  expect(client.rate()).toBe(1 / 60);
});
