import { expect, test } from 'vitest';
import { mostInAnyWindow, OneQueue } from './one-queue.kit.js';
import type { SlotNumber } from './schedule.js';

/** Sends a second that the service takes. */
const LIMIT = 1000;

interface Outcome {
  /** When the last one was sent, in the time that an ideal service would need. */
  t100: number;
  mostInASecond: number;
  /** Of all requests, how many were turned away. */
  turnedAway: number;
}

/** Clients that are all back within a second, with a job each, and keep their numbers but for the latency of a network. */
function flood(clients: number, { gone = 0 }: { gone?: number } = {}): Outcome {
  const random = mulberry(1001);
  const queue = new OneQueue({ limit: LIMIT, perMs: 1000 });
  const calendar = new Calendar();
  for (let n = 0; n < clients; n += 1) calendar.add({ at: random() * 1000, slot: undefined });
  const sent: number[] = [];
  let requests = 0;
  let lost = 0;
  for (let visit = calendar.next(); visit; visit = calendar.next()) {
    requests += 1;
    const admission = queue.arrive(visit.at, visit.slot);
    if (admission.kind === 'send') sent.push(admission.at);
    else if (admission.kind !== 'number') throw new Error(`a client was answered ${admission.kind}`);
    else if (!visit.slot && random() < gone) lost += 1;
    else
      calendar.add({ at: Math.max(visit.at, admission.number.at) + random() * 50, slot: admission.number });
  }
  expect(sent.length + lost).toBe(clients);
  const ideal = (sent.length / LIMIT) * 1000;
  const last = sent.reduce((latest, at) => Math.max(latest, at), 0);
  return {
    t100: last / ideal,
    mostInASecond: mostInAnyWindow(sent, 1000),
    turnedAway: 1 - sent.length / requests,
  };
}

interface Visit {
  at: number;
  slot: SlotNumber | undefined;
}

/** Visits in the order of their time: a list for each millisecond. */
class Calendar {
  readonly #days: Visit[][] = [];
  #day = 0;

  add(visit: Visit): void {
    const day = Math.max(this.#day, Math.floor(visit.at));
    (this.#days[day] ??= []).push(visit);
  }

  next(): Visit | undefined {
    for (; this.#day < this.#days.length; this.#day += 1) {
      const visit = this.#days[this.#day]?.shift();
      if (visit) return visit;
    }
    return undefined;
  }
}

/** A small generator with a seed: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test.each([10_000, 100_000])(
  '%i clients that come back at once are done in 1.1 of the ideal time, and the service sees its rate',
  (clients) => {
    const { t100, mostInASecond, turnedAway } = flood(clients);
    expect(t100).toBeLessThanOrEqual(1.1);
    expect(mostInASecond).toBeLessThanOrEqual(LIMIT);
    expect(turnedAway).toBeLessThanOrEqual(0.5);
  },
);

test('ten clients are all sent at once, and none is turned away', () => {
  expect(flood(10).turnedAway).toBe(0);
});

test('where three of ten holders never come back, the rest is sent at their instants', () => {
  const { mostInASecond } = flood(20_000, { gone: 0.3 });
  expect(mostInASecond).toBeLessThanOrEqual(LIMIT);
});
