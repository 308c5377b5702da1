import type { ControllerMaker } from '../controller.js';
import { simulate } from '../fleet.js';
import { between, randomOf } from '../random.js';
import type { RunRecord } from '../record.js';
import { FLUID, type Scenario } from '../scenario.js';
import { FluidService } from '../services/fluid.js';
import { fixedWindow, type Telling, tokenBucket } from '../services/quota.js';
import type { Service } from '../services/service.js';
import { atLeast, atMost, type Goal, type Measured, percentile } from './goal.js';

const QUOTA_PER_SECOND = 10;

const ALONE = { clients: 1, spreadMs: 0, offlineMs: 0, untilMs: 3_600_000, maxSends: 100_000 };

/** G3, G10 and G11: one client by itself. */
export const loneGoals = (sluice: ControllerMaker, paced: ControllerMaker): Goal[] => [
  {
    name: 'G3',
    measure: (seed) => [
      ...quotaBars('headers', { used: 0.97, rejected: 0.015 }, sluice, seed),
      ...quotaBars('nothing', { used: 0.8, rejected: 0.12 }, sluice, seed),
    ],
  },
  {
    name: 'G10',
    measure: (seed) => [
      atMost('a lone request leaves after, ms', 5, burst(1, sluice, seed).firstTryDelayMs[0] ?? Infinity),
      atMost('10 requests done after, s', 0.4, doneAfterS(burst(10, sluice, seed))),
      atMost('30 requests done after, s', 2, doneAfterS(burst(30, sluice, seed))),
    ],
  },
  {
    name: 'G11',
    measure(seed) {
      const record = simulate(poison, paced, seed);
      return [
        atMost(
          '30 % of jobs always fail: p50 until a first try, s',
          0.5,
          percentile(record.firstTryDelayMs, 0.5) / 1000,
        ),
      ];
    },
  },
];

function quotaBars(
  telling: Telling,
  bars: { used: number; rejected: number },
  sluice: ControllerMaker,
  seed: number,
): Measured[] {
  const offsetMs = between(0, 10_000, randomOf(seed));
  const services: [string, () => Service][] = [
    ['100 per 10 s', () => fixedWindow({ limit: 100, perMs: 10_000 }, telling, offsetMs)],
    ['a bucket of 20, 10/s', () => tokenBucket({ limit: 20, perMs: 2000 }, telling)],
  ];
  const label = telling === 'nothing' ? 'told nothing' : 'told by headers';
  return services.flatMap(([name, service]) => {
    const record = simulate({ ...ALONE, capacity: QUOTA_PER_SECOND, backlog: 3000, service }, sluice, seed);
    return [
      atLeast(`${name}, ${label}: used`, bars.used, record.jobs / (QUOTA_PER_SECOND * doneAfterS(record))),
      atMost(`${name}, ${label}: rejected`, bars.rejected, record.rejected.total / record.arrivals.total),
    ];
  });
}

function burst(jobs: number, sluice: ControllerMaker, seed: number): RunRecord {
  const capacity = 100;
  const service = (): Service => new FluidService({ ...FLUID, capacity });
  return simulate({ ...ALONE, capacity, backlog: jobs, service }, sluice, seed);
}

function doneAfterS(record: RunRecord): number {
  return record.accepted.total === record.jobs ? record.lastEndAt / 1000 : Infinity;
}

/** 6 new jobs a second, 30 % of which fail for ever, at a configured 10 a second. */
const poison: Scenario = {
  ...ALONE,
  capacity: 100,
  backlog: 0,
  arrivals: { perSecond: 6, fromMs: 0, untilMs: 600_000 },
  poisonShare: 0.3,
  maxAttempts: 10,
  untilMs: 600_000,
  service: () => new FluidService({ ...FLUID, capacity: 100 }),
};
