import type { ControllerMaker } from '../controller.js';
import { simulate } from '../fleet.js';
import type { RunRecord } from '../record.js';
import { FLUID, reconnectBurst, type Scenario } from '../scenario.js';
import { FluidService } from '../services/fluid.js';
import { summaryOf } from '../summary.js';
import { atLeast, atMost, type Goal, percentile } from './goal.js';

const CAPACITY = 1000;

/** G7 to G9: the service fails, loses capacity, or gets slow. */
export const troubleGoals = (sluice: ControllerMaker): Goal[] => [
  {
    name: 'G7',
    measure(seed) {
      const record = simulate(outage, sluice, seed);
      const down = record.arrivals.between(0, OUTAGE_MS);
      const after = record.arrivals.between(OUTAGE_MS, Infinity);
      const t95Ms = record.ends.whenReached(Math.ceil(0.95 * record.jobs)) - OUTAGE_MS;
      return [
        atMost('load while down, x capacity', 0.4, down / ((CAPACITY * OUTAGE_MS) / 1000)),
        atMost('rejected after recovery', 0.01, record.rejected.total / after),
        atMost('95 % done after recovery, x ideal', 1.5, t95Ms / ((outage.backlog / CAPACITY) * 1000)),
      ];
    },
  },
  {
    name: 'G8',
    measure(seed) {
      const record = simulate(capacityStep, sluice, seed);
      const left = (0.3 * STEP_CAPACITY * (STEP.untilMs - STEP.fromMs)) / 1000;
      return [
        atLeast(
          'goodput of the 30 % that are left',
          0.95,
          record.accepted.between(STEP.fromMs, STEP.untilMs) / left,
        ),
        atMost('caught up after, x ideal', 1.3, catchUpMs(record) / IDEAL_CATCH_UP_MS),
        atMost('rejected', 0.03, record.rejected.total / record.arrivals.total),
      ];
    },
  },
  {
    name: 'G9',
    measure(seed) {
      const record = simulate(slow, sluice, seed);
      return [
        atMost('p99 of an answer, s', 3, percentile(record.rttMs, 0.99) / 1000),
        atMost('timeouts', 0, record.timeouts),
        atMost('95 % done after, x ideal', 1.1, summaryOf(record, slow).t95),
      ];
    },
  },
];

const OUTAGE_MS = 120_000;

/** 10,000 clients return to a service that is down for two minutes more. */
const outage: Scenario = {
  ...reconnectBurst(10_000),
  backlog: 30 * CAPACITY,
  service: () =>
    new FluidService({
      ...FLUID,
      capacity: CAPACITY,
      steps: [
        { at: 0, share: 0 },
        { at: OUTAGE_MS, share: 1 },
      ],
    }),
};

const STEP = { fromMs: 60_000, untilMs: 120_000 } as const;
const LOAD = 0.6;

/** A fair share of 10 a second for each of 50 clients: within the default ceiling. */
const STEP_CAPACITY = 500;

/** What came in beyond 30 % in a minute, at what full capacity leaves beside the load. */
const IDEAL_CATCH_UP_MS = ((LOAD - 0.3) * (STEP.untilMs - STEP.fromMs)) / (1 - LOAD);

/** 50 clients with a steady load; the capacity drops to 30 % for a minute. */
const capacityStep: Scenario = {
  clients: 50,
  capacity: STEP_CAPACITY,
  backlog: 0,
  arrivals: { perSecond: LOAD * STEP_CAPACITY, fromMs: 0, untilMs: 300_000 },
  spreadMs: 1000,
  offlineMs: 0,
  untilMs: 300_000,
  maxSends: 5_000_000,
  service: () =>
    new FluidService({
      ...FLUID,
      capacity: STEP_CAPACITY,
      steps: [
        { at: STEP.fromMs, share: 0.3 },
        { at: STEP.untilMs, share: 1 },
      ],
    }),
};

/** How long after the step until no more than half a second of load waits. */
function catchUpMs({ accepted, created }: RunRecord): number {
  const allowance = 0.5 * LOAD * STEP_CAPACITY;
  for (let at = STEP.untilMs; at < 300_000; at += 500) {
    if (created.between(0, at) - accepted.between(0, at) <= allowance) return at - STEP.untilMs;
  }
  return Infinity;
}

/** 1,000 clients return to a service that never rejects. */
const slow: Scenario = reconnectBurst(1000, { queueMs: Infinity });
